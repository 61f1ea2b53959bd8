-- Roles granted and withdrawn by pages, and changes of an employer's settings: see the crate `records`.

-- The second HR person, where one had to agree.
ALTER TABLE role_grant ADD COLUMN confirmed_by UUID;
ALTER TABLE role_grant ADD COLUMN withdrawn_by UUID;
ALTER TABLE role_grant ADD COLUMN withdrawn_reason TEXT;

-- A role that one HR person has asked to grant and another has yet to confirm.
CREATE TABLE waiting_grant (
    id UUID PRIMARY KEY,
    employer_id UUID NOT NULL REFERENCES employer (id),
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    role TEXT NOT NULL,
    username TEXT NOT NULL,
    reason TEXT,
    asked_at TIMESTAMPTZ NOT NULL,
    asked_by UUID NOT NULL,
    lapses_at TIMESTAMPTZ NOT NULL,
    -- When it was confirmed, refused, taken back or given up.
    closed_at TIMESTAMPTZ,
    closed_by UUID
);
CREATE UNIQUE INDEX waiting_grant_open ON waiting_grant (staff_record_id, employer_id, role) WHERE closed_at IS NULL;
CREATE INDEX waiting_grant_by_employer ON waiting_grant (employer_id, asked_at) WHERE closed_at IS NULL;

-- What an employer's settings would be: shown to whoever made it, and applied by them as it stands, or forgotten.
CREATE TABLE settings_draft (
    id UUID PRIMARY KEY,
    employer_id UUID NOT NULL REFERENCES employer (id),
    -- The employer's revision that it was made from.
    revision BIGINT NOT NULL,
    staff_record_id UUID NOT NULL,
    section TEXT NOT NULL,
    settings TEXT NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX settings_draft_by_time ON settings_draft (made_at);

-- Employers' logos, as they are shown.
CREATE TABLE logo (
    -- SHA-256 of the picture, in hexadecimal.
    hash TEXT PRIMARY KEY,
    picture BYTEA NOT NULL,
    kept_at TIMESTAMPTZ NOT NULL
);
