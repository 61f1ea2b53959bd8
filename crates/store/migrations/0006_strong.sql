-- Smartcards and second factors: see the crate `access`.

-- A step that is outstanding until the person is in, and the identity provider that they came by, with its ID token (sealed),
-- by which they are logged out there too.
ALTER TABLE session ADD COLUMN outstanding TEXT;
ALTER TABLE session ADD COLUMN provider TEXT;
ALTER TABLE session ADD COLUMN provider_token BYTEA;

ALTER TABLE account ADD COLUMN first_log_in_at TIMESTAMPTZ;
-- When the first password was set by a mailed link.
ALTER TABLE account ADD COLUMN first_password_at TIMESTAMPTZ;
-- When the first factor was set up: that mail, or the days of grace, are enough for it once.
ALTER TABLE account ADD COLUMN first_factor_at TIMESTAMPTZ;
-- Until when a re-enrolment lets its holder set up a factor from anywhere.
ALTER TABLE account ADD COLUMN enrolment_until TIMESTAMPTZ;
-- Whether the password is too short to be the only factor.
ALTER TABLE account ADD COLUMN password_short BOOLEAN NOT NULL DEFAULT FALSE;

-- Until when this browser need not give a second factor.
ALTER TABLE known_browser ADD COLUMN remembered_until TIMESTAMPTZ;

CREATE TABLE second_factor (
    id UUID PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    -- A passkey's own id.
    credential BYTEA UNIQUE,
    -- A passkey's public key and counter; what an authenticator app shares with us, sealed.
    secret BYTEA NOT NULL,
    -- The last step of time whose code was used: none works twice.
    last_step BIGINT
);
CREATE INDEX second_factor_by_holder ON second_factor (staff_record_id, created_at);

CREATE TABLE recovery_code (
    hash BYTEA PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    made_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE INDEX recovery_code_by_holder ON recovery_code (staff_record_id);

-- The factors of an account are to be taken off, because their holder has lost them all.
CREATE TABLE re_enrolment (
    id UUID PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    asked_at TIMESTAMPTZ NOT NULL,
    asked_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Of an account with a role, a second person has to agree before the delay begins.
    confirmed_at TIMESTAMPTZ,
    confirmed_by TEXT,
    due_at TIMESTAMPTZ,
    stopped_at TIMESTAMPTZ,
    done_at TIMESTAMPTZ
);
CREATE INDEX re_enrolment_by_holder ON re_enrolment (staff_record_id, asked_at);

-- What was good once and is not any more, until it would have lapsed by itself.
CREATE TABLE spent_ticket (
    hash BYTEA PRIMARY KEY,
    lapses_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX spent_ticket_by_time ON spent_ticket (lapses_at);
