-- A run also deletes: the journal of what undoes it knows a fourth act.

CREATE TABLE undo_with_deletions (
    run       TEXT NOT NULL,
    flow      TEXT NOT NULL,
    key       TEXT NOT NULL,                 -- of the source record
    act       TEXT NOT NULL CHECK (act IN ('created', 'updated', 'replaced', 'deleted')),
    target_id TEXT,
    before    TEXT,                          -- JSON, the target's record as it was found
    intends   TEXT,                          -- JSON, sent and not acknowledged; of a deletion {}
    wrote     TEXT,                          -- JSON, acknowledged; of a deletion {}
    at        INTEGER NOT NULL,
    undone    INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))
) STRICT;
INSERT INTO undo_with_deletions SELECT run, flow, key, act, target_id, before, intends, wrote, at, undone FROM undo;
DROP TABLE undo;
ALTER TABLE undo_with_deletions RENAME TO undo;

CREATE UNIQUE INDEX one_undo_a_key ON undo (run, key);
