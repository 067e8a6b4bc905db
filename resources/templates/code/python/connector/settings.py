"""What the surroundings say: addresses, secrets, places. Read once, when the connector starts."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Dict, Iterable, List, Optional
from urllib.parse import quote

from .model import Secret, System


class Missing(Exception):
    """Something that the connector cannot do without is not there."""


class Settings:
    def __init__(self, env: Optional[Dict[str, str]] = None) -> None:
        self._env = dict(os.environ if env is None else env)
        self.state_dir = Path(self._env.get("STATE_DIR", "state"))
        self.dead_letters = Path(self._env.get("DEAD_LETTER_FILE", str(self.state_dir / "dead-letters.jsonl")))
        self.disable_file = self._env.get("DISABLE_FILE")
        self.service = self._env.get("RUN_MODE", "job") == "service"
        # Waits and timeouts are divided by it: a drill need not take as long as the night it stands for.
        self.scale = max(float(self._env.get("TIME_SCALE", "1") or "1"), 1.0)
        page = self._env.get("PAGE_SIZE", "")
        self.page_size = int(page) if page.isdigit() and int(page) > 0 else None
        self._secrets: List[str] = []

    def base_url(self, system: System) -> str:
        return self._env.get(f"{system.env}_BASE_URL", system.base_url).rstrip("/")

    def token_url(self, system: System) -> str:
        return self._env.get(f"{system.env}_TOKEN_URL", system.auth.token_url)

    def secret(self, reference: Secret) -> str:
        """The value of a secret. It is remembered so that it can be kept out of logs and errors."""
        if reference.kind == "file":
            try:
                value = Path(reference.name).read_text(encoding="utf-8").strip()
            except OSError as e:
                raise Missing(f"the secret file {reference.name} cannot be read: {e.strerror}") from None
        else:
            value = self._env.get(reference.name, "")
        if not value:
            raise Missing(f"{reference.kind}:{reference.name} is not set")
        self.hide(value)
        return value

    def hide(self, value: str) -> None:
        """Keeps a value out of everything that is written, in the forms that it travels in."""
        if len(value) >= 4:
            forms = [value, quote(value, safe=""), base64.b64encode(value.encode()).decode()]
            self._secrets.extend(f for f in forms if f not in self._secrets)

    def clean(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "[redacted]")
        return text[:500]

    @property
    def disabled(self) -> bool:
        return bool(self.disable_file) and os.path.exists(self.disable_file or "")


def all_secrets(systems: Iterable[System]) -> List[Secret]:
    """Every reference that these systems need."""
    out: List[Secret] = []
    for system in systems:
        auth = system.auth
        given = [auth.secret, auth.username, auth.password, auth.client_id, auth.client_secret]
        out.extend(s for s in given if s is not None)
    return out
