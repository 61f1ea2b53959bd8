-- e-Learning: see the crate `learning`.

-- What an employer teaches. Its versions are packages.
CREATE TABLE course (
    id UUID PRIMARY KEY,
    employer_id UUID NOT NULL REFERENCES employer (id),
    -- The employer's own name for it, which the command goes by.
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    -- What it is found by: all three of them, in small letters.
    words TEXT NOT NULL,
    -- How long it takes, in minutes; none where nobody has said.
    minutes BIGINT,
    created_at TIMESTAMPTZ NOT NULL,
    created_by UUID REFERENCES staff_record (id),
    -- The version that is begun from now on; none while nothing is published.
    current_version UUID,
    UNIQUE (employer_id, code)
);
CREATE INDEX course_by_title ON course (employer_id, title);

-- A package, as it was uploaded. Nothing of it but its state ever changes: an attempt stays on its version.
CREATE TABLE course_version (
    id UUID PRIMARY KEY,
    course_id UUID NOT NULL REFERENCES course (id),
    -- From 1, in the order in which they were uploaded.
    number BIGINT NOT NULL,
    -- `arriving` while its files are written, `uploaded`, `published`, `retired`.
    state TEXT NOT NULL,
    standard TEXT NOT NULL,
    -- `scorm::Manifest` as JSON.
    manifest TEXT NOT NULL,
    -- `scorm::Finding`s as JSON: what is wrong with it and can be lived with.
    findings TEXT NOT NULL,
    file_name TEXT NOT NULL,
    -- Of the package: SHA-256 in hexadecimal, and in bytes.
    file_hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    uploaded_at TIMESTAMPTZ NOT NULL,
    uploaded_by UUID REFERENCES staff_record (id),
    published_at TIMESTAMPTZ,
    retired_at TIMESTAMPTZ,
    -- What its people have tried it on, in words.
    tested_on TEXT NOT NULL,
    UNIQUE (course_id, number)
);

-- The files of a version. Their bytes lie in the store of files under their hash, once for all versions.
CREATE TABLE course_file (
    version_id UUID NOT NULL REFERENCES course_version (id),
    path TEXT NOT NULL,
    -- SHA-256 in hexadecimal.
    hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (version_id, path)
);
CREATE INDEX course_file_by_hash ON course_file (hash);

-- One person's way through one version.
CREATE TABLE attempt (
    id UUID PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    course_id UUID NOT NULL REFERENCES course (id),
    version_id UUID NOT NULL REFERENCES course_version (id),
    -- From 1, for this person and course.
    number BIGINT NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    -- When it was last opened, or something of it came.
    touched_at TIMESTAMPTZ NOT NULL,
    -- No more can be launched: a newer attempt was begun.
    ended_at TIMESTAMPTZ,
    -- `not_attempted`, `incomplete`, `failed`, `completed`, `passed`: it only moves up.
    status TEXT NOT NULL,
    -- When it was completed, by the person's time.
    completed_at TIMESTAMPTZ,
    -- In millionths of one; none where the course gives none.
    score BIGINT,
    -- In all of its launches.
    seconds BIGINT NOT NULL,
    -- The item that was open last.
    item TEXT,
    -- The number of its newest launch, and of the launch and sequence that the item above and `attempt_state` are of.
    launches BIGINT NOT NULL,
    state_launch BIGINT NOT NULL,
    state_sequence BIGINT NOT NULL,
    UNIQUE (staff_record_id, course_id, number)
);
CREATE INDEX attempt_by_touch ON attempt (staff_record_id, touched_at);

-- What an attempt goes on with beside its items, where its course has it. Apart from its row, which every commit changes.
CREATE TABLE attempt_state (
    attempt_id UUID PRIMARY KEY REFERENCES attempt (id),
    -- scorm-again's own state of sequencing, with the objectives that items share, as JSON.
    sequencing TEXT NOT NULL
);

-- What an attempt has got to in one item.
CREATE TABLE attempt_item (
    attempt_id UUID NOT NULL REFERENCES attempt (id),
    item TEXT NOT NULL,
    -- The launch and sequence that the state is of.
    launch_number BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    -- The best that was said of it, whichever commit it was in.
    status TEXT NOT NULL,
    score BIGINT,
    seconds BIGINT NOT NULL,
    -- So many bytes has the state.
    size BIGINT NOT NULL,
    -- The run-time's data as the course left it, as JSON. Last, so that what is small is read without it.
    state TEXT NOT NULL,
    PRIMARY KEY (attempt_id, item)
);

-- One opening of an attempt in one place.
CREATE TABLE launch (
    id UUID PRIMARY KEY,
    attempt_id UUID NOT NULL REFERENCES attempt (id),
    -- From 1, within the attempt.
    number BIGINT NOT NULL,
    -- Of the token that stands in the player's own address: it reads and commits.
    token_hash BYTEA NOT NULL UNIQUE,
    -- Of the one that the portal's pages keep for what was not sent: it commits and nothing else.
    commit_token_hash BYTEA NOT NULL UNIQUE,
    -- The session that it was made in, which its commits keep awake.
    session_id UUID NOT NULL,
    -- The kind of device, in words.
    device TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- So often its page was loaded: each time its sequence numbers go on a million higher.
    loads BIGINT NOT NULL,
    -- When something of it last came, to a few seconds.
    seen_at TIMESTAMPTZ,
    -- When a newer one was made: numbers that were not given out before are not taken.
    closed_at TIMESTAMPTZ,
    -- When all of it had come: a newest commit that says that it is the last, and those that it says come before it.
    final_at TIMESTAMPTZ,
    -- The numbers of those that the last commit says come before it and that have not come, as JSON; none where nothing is waited for.
    final_awaits TEXT,
    -- When the bodies of its commits were deleted, 90 days after it was made.
    bodies_gone_at TIMESTAMPTZ,
    UNIQUE (attempt_id, number)
);
CREATE INDEX launch_with_bodies ON launch (created_at) WHERE bodies_gone_at IS NULL;

-- What a course has said, once for each number. The row is never changed but for its body, which goes 90 days after its launch was made;
-- the row stays.
CREATE TABLE launch_commit (
    launch_id UUID NOT NULL REFERENCES launch (id),
    sequence BIGINT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    -- The person's time, between launch and receipt.
    at TIMESTAMPTZ NOT NULL,
    item TEXT NOT NULL,
    final BOOLEAN NOT NULL,
    -- SHA-256 of what came.
    hash BYTEA NOT NULL,
    -- `newest`, or `late` where a newer one had come.
    verdict TEXT NOT NULL,
    -- What it says of its item.
    status TEXT NOT NULL,
    score BIGINT,
    -- What it says of the whole, where the course's own rules say how that follows from its items.
    whole_status TEXT,
    whole_score BIGINT,
    -- What came, compressed; for when something has to be proved. Last, so that what is small is read without it.
    body BYTEA,
    PRIMARY KEY (launch_id, sequence)
);

-- That somebody has done a course: nothing of it is ever changed. One for each attempt, and one more where one that was completed was
-- passed later.
CREATE TABLE completion (
    id UUID PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    course_id UUID NOT NULL REFERENCES course (id),
    attempt_id UUID NOT NULL REFERENCES attempt (id),
    -- `completed` or `passed`.
    status TEXT NOT NULL,
    completed_at TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    score BIGINT,
    seconds BIGINT NOT NULL,
    -- `commit`, or `repair` where the nightly look found it missing.
    source TEXT NOT NULL,
    -- As they were then, for the certificate.
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    -- 128 bits by which anybody who holds the certificate can verify it.
    code TEXT NOT NULL UNIQUE,
    UNIQUE (attempt_id, status)
);
CREATE INDEX completion_by_person ON completion (staff_record_id, completed_at);

-- What PC Checker has found on somebody's device, newest for each kind of device.
CREATE TABLE device_check (
    id UUID PRIMARY KEY,
    staff_record_id UUID NOT NULL REFERENCES staff_record (id),
    checked_at TIMESTAMPTZ NOT NULL,
    device TEXT NOT NULL,
    -- What was tested and how it went, as JSON.
    results TEXT NOT NULL
);
CREATE INDEX device_check_by_person ON device_check (staff_record_id, checked_at);

-- Who has been told that courses are better done on a PC or laptop.
CREATE TABLE device_advice (
    staff_record_id UUID PRIMARY KEY REFERENCES staff_record (id),
    told_at TIMESTAMPTZ NOT NULL
);
