-- What webhooks brought: on the disk before the sender hears that it was taken. An event whose record is settled loses
-- its payload; its id stays, so that it is known when it is sent again.

CREATE TABLE inbox (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    flow    TEXT NOT NULL,
    id      TEXT NOT NULL,                   -- of the event, as its sender gave it
    at      INTEGER NOT NULL,                -- milliseconds since 1970, UTC
    payload TEXT,                            -- JSON; NULL when its record is settled
    UNIQUE (flow, id)
) STRICT;

CREATE INDEX inbox_waiting ON inbox (flow, seq) WHERE payload IS NOT NULL;
