"""When something is sent again: pure rules over statuses, headers and attempts."""

from __future__ import annotations

import random
import re
from email.utils import parsedate_to_datetime
from typing import Mapping, Optional

from .model import Delivery

# The longest wait that a server can ask for before the run ends instead of sleeping through it, in seconds.
LONGEST_WAIT = 15 * 60


def kind(status: int) -> str:
    """success, redirect, unauthorized, throttled, not_done, unknown (it may have been done) or refused."""
    if 200 <= status < 300:
        return "success"
    if status < 200 or 300 <= status < 400:
        return "redirect"
    if status in (401, 429, 425):
        return {401: "unauthorized", 429: "throttled", 425: "not_done"}[status]
    if status in (501, 505, 510, 511):
        return "refused"
    return "unknown" if status == 408 or status >= 500 else "refused"


def backoff(policy: Delivery, made: int) -> float:
    """Seconds before the next attempt: exponential, capped, full jitter (AWS Builders' Library)."""
    bound = min(policy.base_ms * 2 ** max(made - 1, 0), policy.cap_ms) / 1000
    return random.uniform(0, bound) if policy.full_jitter else bound


def _date(text: Optional[str]) -> Optional[float]:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (TypeError, ValueError, IndexError):
        return None


def _delta(text: str) -> Optional[float]:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text.strip()) else None


def _until(text: str, headers: Mapping[str, str], now: float) -> Optional[float]:
    date = _date(text.strip()) if re.search(r"[A-Za-z]", text) else None
    if date is None:
        return None
    # Against the server's own clock, so that one that is off means what it says.
    served = _date(headers.get("date"))
    return max(0.0, date - (now if served is None else served))


def advised(headers: Mapping[str, str], now: float) -> Optional[float]:
    """Seconds that the server asks to be left alone: Retry-After in both forms (RFC 9110 section 10.2.3), else the reset
    of a rate limit field. Nothing where nothing usable is said."""
    value = headers.get("retry-after")
    if value is not None:
        wait = _delta(value)
        wait = _until(value, headers, now) if wait is None else wait
        if wait is not None:
            return wait
    return _reset(headers, now)


def _reset(headers: Mapping[str, str], now: float) -> Optional[float]:
    for name in ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"):
        value = headers.get(name)
        if value is None:
            continue
        wait = _delta(value)
        if wait is None:
            return _until(value, headers, now)
        if wait < 1e9:
            return wait
        # An epoch, in seconds or milliseconds: no wait is thirty years long.
        served = _date(headers.get("date"))
        return max(0.0, (wait / 1000 if wait >= 1e11 else wait) - (now if served is None else served))
    return None


def exhausted(headers: Mapping[str, str], now: float) -> Optional[float]:
    """Seconds to wait because this answer says that no request is left in the window."""
    left = headers.get("ratelimit-remaining") or headers.get("x-ratelimit-remaining")
    if left is None or _delta(left) is None or float(left) >= 1:
        return None
    return _reset(headers, now)
