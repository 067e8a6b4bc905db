-- What is recorded can be looked at again, proven in every part, found quickly in a million records, and thinned out
-- by rule without breaking the chain.

-- The form of a record's hash. 1: over everything, data included. 2: over the digest of the content, which holds the
-- digest of the data; so data may be dropped, and a bundle may leave records out, and the chain still proves.
ALTER TABLE events ADD COLUMN format INTEGER NOT NULL DEFAULT 1;
ALTER TABLE events ADD COLUMN data_digest TEXT;      -- sha256:… of the text in data; NULL in format 1
-- Whose it is: the principal of its session, or of the call outside any. Derived, and proven by `evidence verify`.
ALTER TABLE events ADD COLUMN owner TEXT;

DROP TRIGGER events_are_not_changed;
UPDATE events SET owner =
    CASE WHEN session IS NULL THEN principal ELSE (SELECT s.principal FROM sessions AS s WHERE s.id = events.session) END;
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event is not changed'); END;

-- Up to here a process killed at the right moment left a session without the record that opened it. It holds nothing.
DROP TRIGGER sessions_are_not_removed;
DELETE FROM sessions WHERE NOT EXISTS (SELECT 1 FROM events WHERE events.session = sessions.id);
CREATE TRIGGER sessions_are_not_removed BEFORE DELETE ON sessions
BEGIN SELECT RAISE(ABORT, 'the log is append-only: a session is not removed'); END;

-- Input and answer of each call, as canonical JSON, once for each content, under the digest that the event names.
-- The form is that of SQLite's archives: sqlar_uncompress(body, size) in the sqlite3 shell gives the text.
CREATE TABLE blobs (
    digest TEXT PRIMARY KEY NOT NULL,        -- sha256:… of the text
    size   INTEGER NOT NULL,                 -- bytes of the text
    body   BLOB NOT NULL                     -- zlib; the text itself where that is not longer
) STRICT;

CREATE TRIGGER blobs_are_not_changed BEFORE UPDATE ON blobs
BEGIN SELECT RAISE(ABORT, 'the log is append-only: a blob is not changed'); END;

CREATE TRIGGER blobs_are_not_removed BEFORE DELETE ON blobs
BEGIN SELECT RAISE(ABORT, 'the log is append-only: a blob is not removed'); END;

-- Bundles of other stores, whole and as they came.
CREATE TABLE bundles (
    digest TEXT PRIMARY KEY NOT NULL,        -- sha256:… of the body
    origin TEXT NOT NULL,                    -- hash of the first record of the store it comes from
    body   BLOB NOT NULL                     -- the file
) STRICT;

CREATE TRIGGER bundles_are_not_changed BEFORE UPDATE ON bundles
BEGIN SELECT RAISE(ABORT, 'the log is append-only: a bundle is not changed'); END;

CREATE TRIGGER bundles_are_not_removed BEFORE DELETE ON bundles
BEGIN SELECT RAISE(ABORT, 'the log is append-only: a bundle is not removed'); END;

-- One index a condition, in the order of the log, and with the other conditions in it: what does not match is passed
-- over without being read.
CREATE INDEX events_by_kind ON events (kind, seq, phase, owner);
CREATE INDEX events_by_phase ON events (phase, seq, kind, owner);
CREATE INDEX events_by_owner ON events (owner, seq, kind, phase) WHERE owner IS NOT NULL;

-- A clock may jump, so that time and order differ. For each 512 records: between which times they lie.
DROP INDEX events_by_time;
CREATE TABLE spans (
    span  INTEGER PRIMARY KEY NOT NULL,      -- (seq - 1) / 512
    least INTEGER NOT NULL,
    most  INTEGER NOT NULL
) STRICT;

INSERT INTO spans SELECT (seq - 1) / 512, min(at), max(at) FROM events GROUP BY 1;

CREATE TRIGGER events_have_a_span AFTER INSERT ON events
BEGIN
    INSERT INTO spans VALUES ((NEW.seq - 1) / 512, NEW.at, NEW.at)
    ON CONFLICT (span) DO UPDATE SET least = min(least, NEW.at), most = max(most, NEW.at);
END;

-- Which records hold which three letters, in lower case, of summary and data. Filled some records behind the log.
CREATE VIRTUAL TABLE letters USING fts5 (
    body, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);

DROP INDEX sessions_by_time;
DROP INDEX sessions_by_principal;
CREATE INDEX sessions_by_time ON sessions (opened_at, id);
CREATE INDEX sessions_by_principal ON sessions (principal, opened_at, id) WHERE principal IS NOT NULL;

-- ------------------------------------------------------------------------------------------------------------------
-- For people with the sqlite3 shell or Datasette. docs/evidence.md has examples.

-- Every record, in words: who, when, why, what. Data is NULL where retention dropped it.
CREATE VIEW evidence AS
SELECT
    seq,
    strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS "when",
    'operations-platform-integration-' || coalesce(session, 'adhoc') AS who,
    'skill-execution' AS why,
    session, phase, kind, tool, client, principal, protocol, traceparent, parent, outcome, summary,
    nullif(data, '') AS data,
    input, output, hash
FROM events;

-- One row a session: what was to be reached, how much happened, when last.
CREATE VIEW session_log AS
SELECT
    s.id AS session, s.name, s.goal, s.client, s.principal,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.opened_at / 1000.0, 'unixepoch') AS opened,
    (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(at) / 1000.0, 'unixepoch') FROM events WHERE session = s.id) AS latest,
    (SELECT count(*) FROM events WHERE session = s.id) AS records,
    (SELECT count(*) FROM events WHERE session = s.id AND outcome = 'refused') AS refusals
FROM sessions AS s;

-- One row a decision of a person, or of an agent on a person's behalf: the channel tells which.
CREATE VIEW decisions AS
SELECT
    e.seq, e."when", e.session,
    json_extract(d.value, '$.id') AS "constraint",
    json_extract(d.value, '$.decision') AS decision,
    json_extract(d.value, '$.channel') AS channel,
    json_extract(d.value, '$.by') AS "by",
    json_extract(d.value, '$.digest') AS digest
FROM evidence AS e, json_each(e.data, '$.decisions') AS d
WHERE e.kind = 'constraints-confirmed';

-- One row a drill of a run.
CREATE VIEW drill_rows AS
SELECT
    e.seq, e."when", e.session,
    json_extract(d.value, '$.flow') AS flow,
    json_extract(d.value, '$.code') AS drill,
    json_extract(d.value, '$.verdict') AS verdict,
    json_extract(d.value, '$.schedules') AS schedules,
    json_extract(d.value, '$.fired') AS fired
FROM evidence AS e, json_each(e.data, '$.rows') AS d
WHERE e.kind = 'drills-run';

-- What was refused, by code.
CREATE VIEW refusals AS
SELECT seq, "when", session, tool, client, json_extract(data, '$.code') AS code, summary
FROM evidence
WHERE kind = 'refused';
