-- Payslips and P60s: see the crate `payslips`. What holds pay figures is sealed; `key_number` says with which key, 0 for none.

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
    -- Whether its bytes are kept in pieces, so that it can be checked again.
    kept BOOLEAN NOT NULL,
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
    -- The check that has staged its documents: what was seen is what is published. A check that lost its turn stages nothing more.
    staging UUID,
    -- So many documents are staged.
    done BIGINT NOT NULL,
    -- What the check was based on: the employer's newest change of staff records, and of published runs.
    record_change BIGINT NOT NULL,
    pay_change BIGINT NOT NULL,
    -- Whether it was checked again since something has changed.
    again BOOLEAN NOT NULL,
    -- How many findings of each kind, as JSON.
    counts TEXT NOT NULL,
    -- The oldest key that anything of it is sealed with.
    key_number BIGINT NOT NULL,
    -- Totals, sealed.
    summary BYTEA,
    -- Whether the file has a trailer, or the totals of payroll's own report were typed and agree.
    totals_agree BOOLEAN NOT NULL,
    -- Who said that it is to be published, and who said so after them where there have to be two; none for the operator.
    agreed_by UUID REFERENCES staff_record (id),
    second_by UUID REFERENCES staff_record (id),
    publish_at TIMESTAMPTZ,
    -- The job that will publish it at that time.
    publish_job UUID,
    published_at TIMESTAMPTZ,
    withdrawn_at TIMESTAMPTZ,
    -- Why it was withdrawn, or could not be checked or published, in a sentence.
    says TEXT
);
CREATE INDEX pay_run_by_employer ON pay_run (employer_id, uploaded_at);
CREATE INDEX pay_run_by_key ON pay_run (key_number);

-- An employer's published runs: the number rises whenever one is published or withdrawn. Whoever does so holds the row.
CREATE TABLE pay_employer (
    employer_id UUID PRIMARY KEY REFERENCES employer (id),
    pay_change BIGINT NOT NULL
);

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
CREATE INDEX pay_document_by_replaced ON pay_document (replaces) WHERE replaces IS NOT NULL;

-- The bytes of an uploaded run file, sealed, in pieces that are written by a short transaction each. Gone when nothing more is made of them.
CREATE TABLE pay_run_piece (
    run_id UUID NOT NULL REFERENCES pay_run (id),
    number BIGINT NOT NULL,
    key_number BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (run_id, number)
);

-- What the check of a run has found, sealed: the first of each kind.
CREATE TABLE pay_finding (
    run_id UUID NOT NULL REFERENCES pay_run (id),
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    key_number BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (run_id, number)
);
CREATE INDEX pay_finding_by_kind ON pay_finding (run_id, kind, number);

-- A kind of warning that somebody has ticked off.
CREATE TABLE pay_tick (
    run_id UUID NOT NULL REFERENCES pay_run (id),
    kind TEXT NOT NULL,
    -- None for the operator.
    by_staff_record UUID REFERENCES staff_record (id),
    at TIMESTAMPTZ NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run_id, kind)
);

-- Who of payroll looked at a document that is not theirs: its person is shown it.
CREATE TABLE pay_look (
    id UUID PRIMARY KEY,
    document_id UUID NOT NULL,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    -- None for the operator.
    by_staff_record UUID REFERENCES staff_record (id),
    at TIMESTAMPTZ NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX pay_look_by_document ON pay_look (document_id, at);

-- What a person has chosen about their own payslips; whoever has no row is mailed and wants no paper.
CREATE TABLE pay_choice (
    staff_record_id UUID PRIMARY KEY REFERENCES staff_record (id),
    mail BOOLEAN NOT NULL,
    paper BOOLEAN NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);
