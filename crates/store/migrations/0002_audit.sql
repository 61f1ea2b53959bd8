-- The trail: see the crate audit. An entry without a number is not sealed yet.
CREATE TABLE audit_entry (
    id UUID PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    actor_staff_record UUID,
    actor_role TEXT,
    about UUID,
    employer UUID,
    event TEXT NOT NULL,
    reason TEXT,
    data TEXT NOT NULL,
    address TEXT,
    request TEXT,
    number BIGINT,
    hash BYTEA,
    CHECK ((number IS NULL) = (hash IS NULL))
);
-- Both partial, or SQLite looks for the unsealed in the index of the numbers.
CREATE UNIQUE INDEX audit_entry_by_number ON audit_entry (number) WHERE number IS NOT NULL;
CREATE INDEX audit_entry_unsealed ON audit_entry (at, id) WHERE number IS NULL;
CREATE INDEX audit_entry_about ON audit_entry (about, at, id);

-- The end of the chain, one row. No hash stands for 32 zero bytes: nothing is sealed yet.
CREATE TABLE audit_head (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL,
    hash BYTEA
);
INSERT INTO audit_head (one, number) VALUES (1, 0);
