-- The outbox: see the crate `mail`. It holds a mail's kind and data, never its text and never a token.
CREATE TABLE outbox (
    id UUID PRIMARY KEY,
    -- A second mail with the same key is not queued.
    key TEXT UNIQUE,
    to_address TEXT NOT NULL,
    -- The address in small letters, to count by.
    to_folded TEXT NOT NULL,
    -- The staff record that it is about. No reference: this room knows no other.
    about UUID,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    queued_at TIMESTAMPTZ NOT NULL,
    -- waiting, sent, failed, dropped
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at TIMESTAMPTZ NOT NULL,
    lease UUID,
    leased_until TIMESTAMPTZ,
    sent_at TIMESTAMPTZ,
    message_id TEXT,
    -- What the mail server said last.
    answer TEXT
);
CREATE INDEX outbox_by_turn ON outbox (next_at, id) WHERE state = 'waiting';
CREATE INDEX outbox_by_age ON outbox (queued_at) WHERE state <> 'waiting';
CREATE INDEX outbox_by_address ON outbox (to_folded, queued_at);
CREATE INDEX outbox_by_staff_record ON outbox (about, queued_at);
