"""Compares versions, natural keys and values by what they mean."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, Optional, Tuple

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)")


def instant(text: Any) -> Optional[Tuple[datetime, Decimal]]:
    """An RFC 3339 date-time as an instant: whole seconds in UTC, and the fraction."""
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    zone = "+00:00" if zone in "Zz" else zone if ":" in zone else zone[:3] + ":" + zone[3:]
    try:
        return datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(timezone.utc), Decimal(fraction or "0")
    except (ValueError, OverflowError):
        return None


def number(text: str) -> Optional[Decimal]:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def newer(a: str, b: str) -> bool:
    """Whether version `a` is newer than `b`: instants as instants, numbers as numbers, anything else as text."""
    x, y = instant(a), instant(b)
    if x is not None and y is not None:
        return x > y
    m, n = number(a), number(b)
    if m is not None and n is not None:
        return m > n
    return a > b


def key_form(text: str) -> str:
    """The form in which natural keys are compared."""
    text = text.strip()
    return text.lower() if "@" in text else text


def satisfied(wants: Any, has: Any) -> bool:
    """Whether the target already says what is wanted: objects may hold more, numbers and instants may be written otherwise."""
    if wants is None:
        return has is None
    if isinstance(wants, dict):
        return isinstance(has, dict) and all(satisfied(v, has.get(k)) for k, v in wants.items())
    if isinstance(wants, list):
        return isinstance(has, list) and len(wants) == len(has) and all(map(satisfied, wants, has))
    if isinstance(wants, bool) or isinstance(has, bool):
        return wants is has
    if isinstance(wants, (int, float, Decimal)):
        return isinstance(has, (int, float, Decimal)) and Decimal(str(wants)) == Decimal(str(has))
    if isinstance(wants, str) and isinstance(has, str):
        return wants == has or instant(wants) is not None and instant(wants) == instant(has)
    return False
