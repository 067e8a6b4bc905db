"""What an attempt comes to when it does not come to an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, List, Optional


class Again(Exception):
    """Another attempt may help. `unknown`: it may have been done all the same."""

    def __init__(self, code: str, because: str, *, unknown: bool = True, wait: Optional[float] = None,
                 throttled: bool = False) -> None:
        super().__init__(because)
        self.code, self.because, self.unknown, self.wait, self.throttled = code, because, unknown, wait, throttled


class Refused(Exception):
    """The same request would be refused again."""

    def __init__(self, status: int, says: str, code: str = "rejected-by-target", wait: Optional[float] = None) -> None:
        super().__init__(f"status {status}: {says}" if says else f"status {status}")
        self.status, self.says, self.code, self.wait = status, says, code, wait


class Dead(Exception):
    """This record cannot be delivered; the others can."""

    def __init__(self, code: str, because: str) -> None:
        super().__init__(because)
        self.code, self.because = code, because


class Stop(Exception):
    """The flow has to end here; the next run goes on from the checkpoint."""

    def __init__(self, code: str, because: str) -> None:
        super().__init__(because)
        self.code, self.because = code, because


@dataclass(frozen=True)
class Envelope:
    kind: str  # throttled, transient, unauthorized, refused
    says: str


_TELLING = ("extensions", "code", "error", "error_code", "type", "title", "message", "msg", "detail", "reason",
            "error_description", "description", "errors")


def says(body: Any) -> str:
    """The words of an error body, wherever they stand (RFC 9457, or a vendor's own form)."""
    words: List[str] = []

    def collect(value: Any, depth: int) -> None:
        if isinstance(value, str) and value and value != "about:blank":
            words.append(value)
        elif isinstance(value, dict) and depth < 4:
            for key in _TELLING:
                if key in value:
                    collect(value[key], depth + 1)
        elif isinstance(value, list) and depth < 4:
            for item in value[:3]:
                collect(item, depth + 1)

    if isinstance(body, dict):
        collect(body, 0)
    return ": ".join(dict.fromkeys(words))[:200]


def _kind(words: str) -> str:
    plain = re.sub(r"[^a-z0-9]", " ", words.lower())

    def has(*phrases: str) -> bool:
        return any(p in plain for p in phrases)

    if has("rate limit", "ratelimit", "too many requests", "throttl", "quota exceeded", "slow down"):
        return "throttled"
    if has("invalid auth", "not authed", "token expired", "expired token", "token revoked", "invalid token",
           "unauthor", "unauthenticated", "invalid api key", "account inactive", "invalid credentials"):
        return "unauthorized"
    if has("temporar", "try again", "timed out", "timeout", "unavailable", "overload", "maintenance",
           "internal error", "internal server", "server error", "service busy", "service error", "fatal error"):
        return "transient"
    return "refused"


def envelope(body: Any, *, records: bool = False, record: bool = False) -> Optional[Envelope]:
    """An error told inside of a success; `records` or `record`: what was asked for is there beside it."""
    if not isinstance(body, dict):
        return None
    told = body.get("ok") is False or body.get("success") is False
    if not record:
        told = told or bool(body.get("errors")) and isinstance(body.get("errors"), (list, dict, str))
    if not record and not records:
        error = body.get("error")
        told = told or error is True or bool(error) and isinstance(error, str) or isinstance(error, dict)
        told = told or body.get("status") in ("error", "fail", "failure")
    if not told:
        return None
    words = says(body)
    return Envelope(_kind(words), words)
