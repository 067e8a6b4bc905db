-- The log: sessions and their events, only ever added to. A row is never changed, so that what was answered stays
-- what was answered; a correction is another event.

CREATE TABLE sessions (
    id        TEXT PRIMARY KEY NOT NULL,
    name      TEXT NOT NULL,
    goal      TEXT NOT NULL,
    opened_at INTEGER NOT NULL,              -- milliseconds since 1970, UTC
    client    TEXT NOT NULL
) STRICT;

CREATE INDEX sessions_by_time ON sessions (opened_at);

-- AUTOINCREMENT keeps the highest sequence number ever given in sqlite_sequence: a log whose newest rows were cut off
-- still shows that there were more.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    session TEXT REFERENCES sessions (id),
    at      INTEGER NOT NULL,                -- milliseconds since 1970, UTC
    phase   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    tool    TEXT NOT NULL,
    client  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    input   TEXT NOT NULL,                   -- sha256:… of the call's input
    output  TEXT NOT NULL,                   -- sha256:… of the answer
    summary TEXT NOT NULL,
    data    TEXT NOT NULL,                   -- JSON
    prev    TEXT NOT NULL,                   -- hash of the event before
    hash    TEXT NOT NULL                    -- over prev and all the columns before it
) STRICT;

CREATE INDEX events_by_session ON events (session, seq);
CREATE INDEX events_by_time ON events (at);

CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event is not changed'); END;

CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event is not removed'); END;

CREATE TRIGGER sessions_are_not_changed BEFORE UPDATE ON sessions
BEGIN SELECT RAISE(ABORT, 'the log is append-only: a session is not changed'); END;

CREATE TRIGGER sessions_are_not_removed BEFORE DELETE ON sessions
BEGIN SELECT RAISE(ABORT, 'the log is append-only: a session is not removed'); END;

-- For people with the sqlite3 shell: who, when, why, what.
CREATE VIEW log AS
SELECT
    seq,
    strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS "when",
    'operations-platform-integration-' || coalesce(session, 'adhoc') AS who,
    'skill-execution' AS why,
    phase, kind, tool, client, outcome, summary
FROM events
ORDER BY seq;
