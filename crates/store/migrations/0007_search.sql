-- What a search for staff by name looks into: see the module `search` of the crate `records`. For each word of a name
-- that a change brought, that word and those that follow it, folded, around to the first. Bytes, so that either database compares
-- them alike. No reference to the staff record, which would need an index of its own.
CREATE TABLE staff_key (
    employer_id UUID NOT NULL,
    key BYTEA NOT NULL,
    staff_record_id UUID NOT NULL,
    -- The change that brought the name.
    number BIGINT NOT NULL,
    PRIMARY KEY (employer_id, key, staff_record_id, number)
);

-- The names that are there already get theirs by a job for each employer, whose id is the employer's.
INSERT INTO job (id, kind, payload, priority, run_at, attempts)
SELECT id, 'records.search_keys', '{}', 9, created_at, 0 FROM employer;
