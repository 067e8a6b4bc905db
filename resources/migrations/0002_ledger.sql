-- What a connector remembers between runs and across a crash.

CREATE TABLE checkpoints (
    flow              TEXT PRIMARY KEY NOT NULL,
    watermark         TEXT,
    cursor            TEXT,
    pending_watermark TEXT
) STRICT;

-- The idempotency ledger: the last effect for each source key.
CREATE TABLE effects (
    flow            TEXT NOT NULL,
    key             TEXT NOT NULL,
    digest          TEXT NOT NULL,
    version         TEXT,
    idempotency_key TEXT NOT NULL,
    target_id       TEXT,
    state           TEXT NOT NULL CHECK (state IN ('intended', 'done')),
    PRIMARY KEY (flow, key)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the id of a letter that was replaced is never given to another one.
CREATE TABLE dead_letters (
    id       INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    flow     TEXT NOT NULL,
    key      TEXT NOT NULL,
    code     TEXT NOT NULL,
    because  TEXT NOT NULL,
    payload  TEXT NOT NULL,                  -- JSON, the source record
    attempts INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('waiting', 'replayed', 'dropped'))
) STRICT;

CREATE UNIQUE INDEX one_waiting_letter_a_key ON dead_letters (flow, key) WHERE state = 'waiting';

CREATE TABLE runs (
    id      TEXT PRIMARY KEY NOT NULL,
    flow    TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended   INTEGER,
    verdict TEXT NOT NULL,
    counts  TEXT NOT NULL                    -- JSON, the reconciliation
) STRICT;

CREATE INDEX runs_by_time ON runs (started);

-- Who holds a flow, for messages. What keeps a second process out is a lock of the operating system, which a killed
-- process cannot leave behind.
CREATE TABLE leases (
    flow TEXT PRIMARY KEY NOT NULL,
    pid  INTEGER NOT NULL
) STRICT;
