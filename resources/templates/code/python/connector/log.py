"""Log lines: JSON, one a line, to stderr, without secrets and without records."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import Any

from .settings import Settings


class Log:
    def __init__(self, settings: Settings, **fields: Any) -> None:
        self._settings = settings
        self._fields = fields

    def bind(self, **fields: Any) -> Log:
        """The same with more fields on each line."""
        return Log(self._settings, **{**self._fields, **fields})

    def __call__(self, level: str, event: str, **fields: Any) -> None:
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"at": at, "level": level, "event": event, **self._fields, **fields}
        clean = {k: self._settings.clean(v) if isinstance(v, str) else v for k, v in line.items()}
        sys.stderr.write(json.dumps(clean, ensure_ascii=False) + "\n")
        sys.stderr.flush()
