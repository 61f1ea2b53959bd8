-- The service desk's work: see the crate `access`.

-- Who opened whose page: many in an hour are told to the auditors.
CREATE TABLE person_opening (
    id UUID PRIMARY KEY,
    opened_by UUID NOT NULL REFERENCES staff_record (id),
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    opened_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX person_opening_by_opener ON person_opening (opened_by, opened_at);

-- Dates of birth that were held against a record's: three in a day for one record.
CREATE TABLE birth_check (
    id UUID PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    checked_by UUID NOT NULL REFERENCES staff_record (id),
    checked_at TIMESTAMPTZ NOT NULL,
    matched BOOLEAN NOT NULL
);
CREATE INDEX birth_check_by_record ON birth_check (staff_record_id, checked_at);

-- HR's list of whom it has to decide about.
CREATE INDEX account_by_internet_access ON account (internet_access, staff_record_id);

-- Who asked, where that was by a page: somebody else has to agree, whatever they are called.
ALTER TABLE re_enrolment ADD COLUMN asked_by_staff_record UUID;

-- HR's list of what is held.
CREATE INDEX identity_hold_open ON identity_hold (employer_id, held_until) WHERE stopped_at IS NULL AND released_at IS NULL;
