-- What those who operate a connector need: an undo journal, a switch for each flow, what was tried for a dead letter.

-- An effect that was taken back is neither intended nor done: the next delivery of the record writes it anew, under
-- another idempotency key.
CREATE TABLE effects_with_undone (
    flow            TEXT NOT NULL,
    key             TEXT NOT NULL,
    digest          TEXT NOT NULL,
    version         TEXT,
    idempotency_key TEXT NOT NULL,
    target_id       TEXT,
    state           TEXT NOT NULL CHECK (state IN ('intended', 'done', 'undone')),
    PRIMARY KEY (flow, key)
) STRICT, WITHOUT ROWID;
INSERT INTO effects_with_undone SELECT flow, key, digest, version, idempotency_key, target_id, state FROM effects;
DROP TABLE effects;
ALTER TABLE effects_with_undone RENAME TO effects;

-- What a run did to each record of the target, and what was there before.
CREATE TABLE undo (
    run       TEXT NOT NULL,
    flow      TEXT NOT NULL,
    key       TEXT NOT NULL,                 -- of the source record
    act       TEXT NOT NULL CHECK (act IN ('created', 'updated', 'replaced')),
    target_id TEXT,
    before    TEXT,                          -- JSON, the target's record as it was found
    intends   TEXT,                          -- JSON, sent and not acknowledged
    wrote     TEXT,                          -- JSON, acknowledged
    at        INTEGER NOT NULL,
    undone    INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX one_undo_a_key ON undo (run, key);

-- Where the flow stood when the run began: what an undone run is read from again. JSON.
ALTER TABLE runs ADD COLUMN checkpoint TEXT;

-- Flows that are switched off; '*' is all of them.
CREATE TABLE pauses (
    flow    TEXT PRIMARY KEY NOT NULL,
    because TEXT NOT NULL,
    by      TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

ALTER TABLE dead_letters ADD COLUMN history TEXT NOT NULL DEFAULT '[]'; -- JSON, the newest attempts
ALTER TABLE dead_letters ADD COLUMN closed TEXT;                        -- JSON, who put it aside and why
