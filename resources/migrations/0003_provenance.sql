-- Where a call came from: who was authenticated, by which protocol, within which trace, because of which event.
-- NULL in what was recorded before, and for the local user; the hash of such an event does not mention them.

ALTER TABLE sessions ADD COLUMN principal TEXT;

ALTER TABLE events ADD COLUMN principal TEXT;
ALTER TABLE events ADD COLUMN protocol TEXT;
ALTER TABLE events ADD COLUMN traceparent TEXT;
ALTER TABLE events ADD COLUMN parent INTEGER;

CREATE INDEX sessions_by_principal ON sessions (principal, opened_at);
