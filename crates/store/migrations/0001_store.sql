-- Jobs and leases: see store::jobs and store::lease.
CREATE TABLE job (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    priority BIGINT NOT NULL,
    run_at TIMESTAMPTZ NOT NULL,
    attempts BIGINT NOT NULL,
    lease UUID,
    leased_until TIMESTAMPTZ,
    last_error TEXT,
    dead_at TIMESTAMPTZ
);
CREATE INDEX job_by_turn ON job (priority, run_at, id) WHERE dead_at IS NULL;

CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder UUID NOT NULL,
    held_until TIMESTAMPTZ NOT NULL
);
