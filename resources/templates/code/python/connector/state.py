"""What the connector remembers: checkpoints, effects and dead letters, in one SQLite file. Every change is on the disk before
the next request goes out."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

import simplejson

from .outcome import Stop
from .settings import Settings

_SCHEMA = """
CREATE TABLE IF NOT EXISTS checkpoint (flow TEXT PRIMARY KEY, bound TEXT);
CREATE TABLE IF NOT EXISTS effect (
  flow TEXT, key TEXT, digest TEXT NOT NULL, version TEXT, idempotency_key TEXT NOT NULL, target_id TEXT,
  done INTEGER NOT NULL, PRIMARY KEY (flow, key));
CREATE TABLE IF NOT EXISTS dead_letter (
  flow TEXT, key TEXT, digest TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, record TEXT NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (flow, key));
"""


def digest(value: Any) -> str:
    """Of a value, however its fields are ordered."""
    text = simplejson.dumps(value, sort_keys=True, use_decimal=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Effect:
    digest: str
    version: Optional[str]
    idempotency_key: str
    target_id: Optional[str]
    done: bool


class State:
    def __init__(self, settings: Settings) -> None:
        self._letters: Path = settings.dead_letters
        self._settings = settings
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(str(settings.state_dir / "state.db"), isolation_level=None, timeout=5)
            # One process on one state: a second one is refused.
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR REPLACE INTO checkpoint VALUES ('', NULL)")
        except sqlite3.DatabaseError as e:
            raise Stop("state-unusable", f"the state in {settings.state_dir} cannot be used: {e}") from None

    def close(self) -> None:
        self._db.close()

    def bound(self, flow: str) -> Optional[str]:
        row = self._db.execute("SELECT bound FROM checkpoint WHERE flow = ?", (flow,)).fetchone()
        return row[0] if row else None

    def set_bound(self, flow: str, bound: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", (flow, bound))

    def effect(self, flow: str, key: str) -> Optional[Effect]:
        row = self._db.execute(
            "SELECT digest, version, idempotency_key, target_id, done FROM effect WHERE flow = ? AND key = ?", (flow, key)
        ).fetchone()
        return Effect(row[0], row[1], row[2], row[3], bool(row[4])) if row else None

    def put_effect(self, flow: str, key: str, effect: Effect) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO effect VALUES (?, ?, ?, ?, ?, ?, ?)",
            (flow, key, effect.digest, effect.version, effect.idempotency_key, effect.target_id, int(effect.done)),
        )

    def bury(self, flow: str, key: str, code: str, reason: str, record: Any) -> bool:
        """Puts a record aside, once for each form of it; tells whether this is news. The file names it, the state keeps it."""
        form = digest([code, record])
        row = self._db.execute("SELECT digest FROM dead_letter WHERE flow = ? AND key = ?", (flow, key)).fetchone()
        if row and row[0] == form:
            return False
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        reason = self._settings.clean(reason)
        line = json.dumps({"flow": flow, "key": key, "code": code, "reason": reason, "at": at}, ensure_ascii=False)
        self._letters.parent.mkdir(parents=True, exist_ok=True)
        with self._letters.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        payload = simplejson.dumps(record, use_decimal=True)
        self._db.execute("INSERT OR REPLACE INTO dead_letter VALUES (?, ?, ?, ?, ?, ?, ?)",
                         (flow, key, form, code, reason, payload, at))
        return True

    def settle_letter(self, flow: str, key: str) -> None:
        """A record that was put aside has been delivered."""
        self._db.execute("DELETE FROM dead_letter WHERE flow = ? AND key = ?", (flow, key))

    def letters(self, flow: str) -> int:
        return int(self._db.execute("SELECT count(*) FROM dead_letter WHERE flow = ?", (flow,)).fetchone()[0])
