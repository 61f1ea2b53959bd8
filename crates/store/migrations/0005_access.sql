-- Accounts and everything about getting in: see the crate `access`.
CREATE TABLE account (
    staff_record_id UUID PRIMARY KEY REFERENCES staff_record (id),
    created_at TIMESTAMPTZ NOT NULL,
    password_hash TEXT,
    password_set_at TIMESTAMPTZ,
    internet_access TEXT NOT NULL,
    internet_access_at TIMESTAMPTZ,
    last_log_in_at TIMESTAMPTZ,
    last_log_in_device TEXT
);

-- Failures in a row and the lock they lead to. The subject is an account, or a number made of a username that nobody has, so
-- that both cost the same statements.
CREATE TABLE log_in_lock (
    subject UUID PRIMARY KEY,
    failures BIGINT NOT NULL,
    lockings BIGINT NOT NULL,
    locked_until TIMESTAMPTZ,
    changed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX log_in_lock_by_change ON log_in_lock (changed_at);

-- A browser (by its signed cookie) that has logged in to an account, with its own small allowance of failures.
CREATE TABLE known_browser (
    id UUID PRIMARY KEY,
    browser UUID NOT NULL,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    device TEXT NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ NOT NULL,
    failures BIGINT NOT NULL,
    lockings BIGINT NOT NULL,
    locked_until TIMESTAMPTZ,
    UNIQUE (browser, staff_record_id)
);
CREATE INDEX known_browser_by_use ON known_browser (used_at);

CREATE TABLE network_failure (
    network TEXT NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (network, began_at)
);
CREATE INDEX network_failure_by_time ON network_failure (began_at);

-- Each try to log in. Of a username that nobody has, the staff record is missing.
CREATE TABLE log_in (
    id UUID PRIMARY KEY,
    staff_record_id UUID REFERENCES staff_record (id),
    at TIMESTAMPTZ NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT NOT NULL,
    device TEXT NOT NULL
);
CREATE INDEX log_in_by_holder ON log_in (staff_record_id, at);
CREATE INDEX log_in_by_time ON log_in (at);

CREATE TABLE session (
    id UUID PRIMARY KEY,
    secret_hash BYTEA NOT NULL UNIQUE,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    began_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    proof TEXT NOT NULL,
    proof_at TIMESTAMPTZ NOT NULL,
    proof_failures BIGINT NOT NULL,
    address TEXT NOT NULL,
    device TEXT NOT NULL,
    -- The log-in before this one, which the portal page shows.
    previous_at TIMESTAMPTZ,
    previous_device TEXT,
    ended_at TIMESTAMPTZ,
    ended_by TEXT
);
CREATE INDEX session_by_holder ON session (staff_record_id, ended_at);
CREATE INDEX session_by_use ON session (seen_at);

CREATE TABLE kept_form (
    id UUID PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    path TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    kept_until TIMESTAMPTZ NOT NULL
);
CREATE INDEX kept_form_by_holder ON kept_form (staff_record_id, kept_until);

-- What was typed at /forgotten. Email and date of birth are wiped once it has been dealt with.
CREATE TABLE recovery_request (
    id UUID PRIMARY KEY,
    email TEXT,
    date_of_birth DATE,
    username TEXT,
    network TEXT NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    done_at TIMESTAMPTZ
);
CREATE INDEX recovery_request_waiting ON recovery_request (network, done_at);
CREATE INDEX recovery_request_by_time ON recovery_request (requested_at);

-- What became of requests that concerned a staff record, for the service desk.
CREATE TABLE recovery_outcome (
    id UUID PRIMARY KEY,
    request_id UUID NOT NULL,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    at TIMESTAMPTZ NOT NULL,
    outcome TEXT NOT NULL,
    -- The mail in the outbox, where one was queued.
    mail_id UUID
);
CREATE INDEX recovery_outcome_by_holder ON recovery_outcome (staff_record_id, at);

CREATE TABLE reset_link (
    id UUID PRIMARY KEY,
    secret_hash BYTEA NOT NULL UNIQUE,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    sent_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    -- SHA-256 of the address it was mailed to: it dies when the address on the staff record changes.
    address_hash BYTEA NOT NULL
);
CREATE INDEX reset_link_by_holder ON reset_link (staff_record_id, sent_at);
