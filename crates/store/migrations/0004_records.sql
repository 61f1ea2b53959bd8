-- Employers, staff records and who may do what with them: see the crate `records`.
CREATE TABLE employer (
    id UUID PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    -- Rises with each change of name or settings, so that a copy in memory knows that it is stale.
    revision BIGINT NOT NULL,
    -- The number of the newest switched change of its staff records.
    record_change BIGINT NOT NULL,
    -- The last number given to a change, switched or not.
    change_numbered BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);

-- One change of an employer's staff records. Versions, usernames and holds with its number are seen once it is switched.
CREATE TABLE record_change (
    id UUID PRIMARY KEY,
    employer_id UUID NOT NULL REFERENCES employer (id),
    number BIGINT NOT NULL,
    source TEXT NOT NULL,
    by_staff_record UUID,
    file_name TEXT,
    file_hash TEXT,
    counts TEXT NOT NULL,
    staged_at TIMESTAMPTZ NOT NULL,
    switched_at TIMESTAMPTZ,
    UNIQUE (employer_id, number)
);

CREATE TABLE staff_record (
    id UUID PRIMARY KEY,
    employer_id UUID NOT NULL REFERENCES employer (id),
    employee_number TEXT NOT NULL,
    -- The change that brought it.
    created_number BIGINT NOT NULL,
    -- When its holder first got in.
    proved_at TIMESTAMPTZ,
    UNIQUE (employer_id, employee_number)
);
CREATE INDEX staff_record_by_proof ON staff_record (employer_id, proved_at) WHERE proved_at IS NOT NULL;

CREATE TABLE staff_version (
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    number BIGINT NOT NULL,
    title TEXT,
    first_names TEXT NOT NULL,
    last_name TEXT NOT NULL,
    date_of_birth DATE NOT NULL,
    email TEXT,
    smartcard_uuid TEXT,
    PRIMARY KEY (staff_record_id, number)
);
CREATE INDEX staff_version_by_email ON staff_version (email) WHERE email IS NOT NULL;
CREATE INDEX staff_version_by_smartcard ON staff_version (smartcard_uuid) WHERE smartcard_uuid IS NOT NULL;

CREATE TABLE assignment (
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    number BIGINT NOT NULL,
    assignment_number TEXT NOT NULL,
    position TEXT,
    department TEXT,
    location TEXT,
    -- The manager's employee number.
    manager TEXT,
    start_date DATE NOT NULL,
    leaving_date DATE,
    absent_from DATE,
    absent_to DATE,
    PRIMARY KEY (staff_record_id, number, assignment_number)
);

CREATE TABLE username (
    name TEXT PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    employer_id UUID NOT NULL REFERENCES employer (id),
    number BIGINT NOT NULL,
    allotted_at TIMESTAMPTZ NOT NULL,
    valid_until TIMESTAMPTZ
);
CREATE INDEX username_by_staff_record ON username (staff_record_id);
CREATE INDEX username_by_employer ON username (employer_id);

-- A changed email, date of birth or smartcard UUID that does not work yet: the old value is in force until `held_until`.
CREATE TABLE identity_hold (
    id UUID PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    employer_id UUID NOT NULL REFERENCES employer (id),
    number BIGINT NOT NULL,
    field TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    held_until TIMESTAMPTZ NOT NULL,
    stopped_at TIMESTAMPTZ,
    released_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX identity_hold_by_staff_record ON identity_hold (staff_record_id, field, number);
CREATE INDEX identity_hold_by_change ON identity_hold (employer_id, number, staff_record_id);
CREATE INDEX identity_hold_by_old_value ON identity_hold (old_value) WHERE old_value IS NOT NULL;

CREATE TABLE role_grant (
    id UUID PRIMARY KEY,
    employer_id UUID NOT NULL REFERENCES employer (id),
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    role TEXT NOT NULL,
    granted_at TIMESTAMPTZ NOT NULL,
    -- The staff record of who granted it; none for the operator.
    granted_by UUID,
    reason TEXT,
    withdrawn_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX role_grant_in_force ON role_grant (staff_record_id, employer_id, role) WHERE withdrawn_at IS NULL;
CREATE INDEX role_grant_by_employer ON role_grant (employer_id, role);

-- Each staff record as it is now: its newest switched version, and the last day of its last assignment where all have one.
CREATE VIEW staff AS
SELECT r.id, r.employer_id, r.employee_number, r.proved_at, v.number, v.title, v.first_names, v.last_name, v.date_of_birth,
    v.email, v.smartcard_uuid,
    (SELECT CASE WHEN COUNT(*) = COUNT(a.leaving_date) THEN MAX(a.leaving_date) END
        FROM assignment a WHERE a.staff_record_id = r.id AND a.number = v.number) AS last_day
FROM staff_record r
JOIN staff_version v ON v.staff_record_id = r.id AND v.number = (
    SELECT MAX(x.number) FROM staff_version x
    JOIN record_change c ON c.employer_id = r.employer_id AND c.number = x.number AND c.switched_at IS NOT NULL
    WHERE x.staff_record_id = r.id);
