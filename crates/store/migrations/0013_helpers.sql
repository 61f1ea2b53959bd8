-- What HR was told of records of other employers: see `records::import::elsewhere`.
CREATE TABLE told_elsewhere (
    -- The HR person's staff record.
    told_to UUID NOT NULL REFERENCES staff_record (id),
    -- SHA-256 of what they had said and of whose record, in hexadecimal: the same answer once more tells nothing new.
    said TEXT NOT NULL,
    told_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (told_to, said)
);
CREATE INDEX told_elsewhere_by_time ON told_elsewhere (told_at);

-- When it was told, with this opening, that somebody opens very many.
ALTER TABLE person_opening ADD COLUMN told_at TIMESTAMPTZ;

-- HR's list: whose internet access was asked for, refused or withdrawn, in its order. The statuses of most accounts are not in it, and
-- an account knows neither employer nor employee number.
CREATE TABLE internet_access_list (
    staff_record_id UUID PRIMARY KEY REFERENCES staff_record (id),
    employer_id UUID NOT NULL,
    employee_number TEXT NOT NULL,
    status TEXT NOT NULL,
    since TIMESTAMPTZ
);
CREATE INDEX internet_access_list_in_order ON internet_access_list (employer_id, status, employee_number);
INSERT INTO internet_access_list (staff_record_id, employer_id, employee_number, status, since)
SELECT a.staff_record_id, r.employer_id, r.employee_number, a.internet_access, a.internet_access_at
FROM account a JOIN staff_record r ON r.id = a.staff_record_id WHERE a.internet_access IN ('requested', 'refused', 'withdrawn');
DROP INDEX account_by_internet_access;
