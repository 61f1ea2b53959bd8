-- Payslips and P60s: see the crate `payslips`.

-- A run: what payroll publishes at once. Its documents are seen by nobody but payroll until its state is `published`.
CREATE TABLE pay_run (
    id UUID PRIMARY KEY,
    employer_id UUID NOT NULL REFERENCES employer (id),
    -- Who uploaded it; none for the operator's command.
    uploaded_by UUID REFERENCES staff_record (id),
    uploaded_at TIMESTAMPTZ NOT NULL,
    file_name TEXT NOT NULL,
    file_hash TEXT,
    -- In bytes.
    size BIGINT NOT NULL,
    state TEXT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    -- What its first rows say, once they are read: payroll's own name for the run, payslips or P60s, main or what, how often, and the
    -- newest pay date and period in it.
    reference TEXT,
    document TEXT,
    kind TEXT,
    frequency TEXT,
    pay_date DATE,
    period_from DATE,
    period_to DATE,
    published_at TIMESTAMPTZ,
    withdrawn_at TIMESTAMPTZ
);
CREATE INDEX pay_run_by_employer ON pay_run (employer_id, uploaded_at);

-- One payslip or P60. Whose it is, when it was paid and in which run is its key, so that a person's own lie together.
CREATE TABLE pay_document (
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    pay_date DATE NOT NULL,
    run_id UUID NOT NULL REFERENCES pay_run (id),
    id UUID NOT NULL,
    assignment_number TEXT NOT NULL,
    period_from DATE NOT NULL,
    period_to DATE NOT NULL,
    -- The document in whose place this one stands.
    replaces UUID,
    -- The number of the key that the body is sealed with; 0 for none.
    key_number BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (staff_record_id, pay_date, run_id, id)
);
CREATE INDEX pay_document_by_run ON pay_document (run_id, id);
