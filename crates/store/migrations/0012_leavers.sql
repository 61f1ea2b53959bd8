-- Those who have left: see the crates `records` and `access`.

-- An email address of a person's own, by which they get in when they have left. The address goes when it has ended.
CREATE TABLE personal_address (
    id UUID PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    address TEXT,
    set_at TIMESTAMPTZ NOT NULL,
    -- When its holder pressed the button behind the link that was mailed to it.
    confirmed_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    ended_by TEXT,
    -- The newest link that confirms it, and until when; the newest that stops it.
    confirm_hash BYTEA UNIQUE,
    confirm_until TIMESTAMPTZ,
    stop_hash BYTEA UNIQUE
);
CREATE INDEX personal_address_by_holder ON personal_address (staff_record_id, set_at);
-- Of an account, one that is confirmed and one that waits to be.
CREATE UNIQUE INDEX personal_address_confirmed ON personal_address (staff_record_id)
    WHERE ended_at IS NULL AND confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX personal_address_waiting ON personal_address (staff_record_id)
    WHERE ended_at IS NULL AND confirmed_at IS NULL;
-- Those that are swept.
CREATE INDEX personal_address_over ON personal_address (set_at) WHERE ended_at IS NOT NULL OR confirmed_at IS NULL;

-- Whether a session, a request or a link came by the leavers' door: it is good there and nowhere else.
ALTER TABLE session ADD COLUMN leaver BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE recovery_request ADD COLUMN leaver BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE reset_link ADD COLUMN leaver BOOLEAN NOT NULL DEFAULT FALSE;
