-- Staff files that HR has uploaded: see `records::import`.
CREATE TABLE staff_upload (
    id UUID PRIMARY KEY,
    employer_id UUID NOT NULL REFERENCES employer (id),
    uploaded_by UUID NOT NULL REFERENCES staff_record (id),
    uploaded_at TIMESTAMPTZ NOT NULL,
    file_name TEXT NOT NULL,
    file_hash TEXT,
    -- In bytes.
    size BIGINT NOT NULL,
    state TEXT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    -- What the check found, as JSON: the preview or the errors. Gone after a day.
    found TEXT,
    -- Tells the preview from every other: only what was seen is applied.
    fingerprint TEXT,
    -- Who typed the number of leavers and changed identity fields, where it has to be typed, and who said that it is to be applied.
    typed_by UUID REFERENCES staff_record (id),
    agreed_by UUID REFERENCES staff_record (id),
    -- How many of how many staff records are staged.
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    -- The change that it became; none where all of it was held already.
    change_number BIGINT,
    failure TEXT
);
CREATE INDEX staff_upload_by_employer ON staff_upload (employer_id, uploaded_at);

-- The bytes, in pieces that are written by a short transaction each. Gone when the upload is done, or after a day.
CREATE TABLE staff_upload_piece (
    upload_id UUID NOT NULL REFERENCES staff_upload (id),
    number BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (upload_id, number)
);
