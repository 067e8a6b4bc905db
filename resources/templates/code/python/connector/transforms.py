"""The transforms that the mapping uses. Each takes a value that is neither missing nor null, and the record; what it cannot take it
refuses, and guesses nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any, List, Optional, Sequence, Tuple

import simplejson

from .mapper import MISSING, Fault, Keyed, Step, exact, is_number, look, plain, scalar_text
from .model import Secret

#: base
# White space as Unicode has it; Python's own strip() takes four control characters more.
WHITE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Fault("not-convertible", f"{name} takes a text")
    return value


def _list(name: str, value: Any) -> List[Any]:
    if not isinstance(value, list):
        raise Fault("not-convertible", f"{name} takes a list")
    return value


def _json_number(text: str) -> Any:
    """A number of this text, its digits as written."""
    return Decimal(text) if "." in text else int(text)


def _is_decimal(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) is not None


def _canonical(text: str) -> str:
    """A decimal text as JSON writes it."""
    sign = "-" if text.startswith("-") else ""
    whole, dot, fraction = text.lstrip("+-").partition(".")
    whole = whole.lstrip("0") or "0"
    if dot:
        return f"{sign}{whole}.{fraction}"
    return "0" if whole == "0" else f"{sign}{whole}"


def _integer(value: Any) -> Optional[str]:
    """The digits of a number that is whole by value."""
    whole, _, fraction = plain(value).partition(".")
    if fraction.strip("0"):
        return None
    return "0" if whole == "-0" else whole


def _decimal(value: Any) -> Optional[Decimal]:
    """An exact decimal of at most 28 digits."""
    if isinstance(value, str) and not _is_decimal(value):
        return None
    found = exact(value)
    if found is None:
        return None
    digits = found.as_tuple().digits
    exponent = int(found.as_tuple().exponent)
    return found if max(len(digits), len(digits) + exponent, -exponent) <= 28 else None


def _shown(value: Decimal) -> Any:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return _json_number("0" if text in ("-0", "") else text)


_EXPONENTS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


def _places(path: Sequence[Any], record: Any) -> int:
    """Digits after the point of the currency that the record names; an amount without one is not guessed."""
    try:
        code = look(record, path)
    except Fault:
        code = MISSING
    if not isinstance(code, str) or not re.fullmatch(r"[A-Za-z]{3}", code):
        raise Fault("unknown-currency", "the record has no currency code of three letters")
    return _EXPONENTS.get(code.upper(), 2)


_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")


def _instant(text: str) -> Tuple[datetime, str]:
    """Whole seconds in UTC, and the digits of the fraction. Without a zone the instant would be a guess."""
    found = _DATE_TIME.fullmatch(text.strip())
    try:
        if found:
            day, clock, fraction, zone = found.groups()
            zone = "+00:00" if zone in "Zz" else zone
            return datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(timezone.utc), fraction or ""
    except (ValueError, OverflowError):
        pass
    raise Fault("not-convertible", "is not a date-time with a time zone")


def _utc(at: datetime, fraction: str = "") -> str:
    fraction = fraction.rstrip("0")
    return at.strftime("%Y-%m-%dT%H:%M:%S").zfill(19) + ("." + fraction if fraction else "") + "Z"


def _date(text: str) -> Optional[date]:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


#: trim
def trim(value: Any, _record: Any) -> str:
    return _text("trim", value).strip(WHITE)


#: lower
def lower(value: Any, _record: Any) -> str:
    # Character by character: where the small form has several, the capital stays.
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in _text("lower", value))


#: upper
def upper(value: Any, _record: Any) -> str:
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in _text("upper", value))


#: split
def split(separator: str) -> Step:
    return lambda value, _record: _text("split", value).split(separator)


#: first
def first(value: Any, _record: Any) -> Any:
    items = _list("first", value)
    return items[0] if items else MISSING


#: last
def last(value: Any, _record: Any) -> Any:
    items = _list("last", value)
    return items[-1] if items else MISSING


#: replace
def replace(*pairs: Tuple[str, str]) -> Step:
    def step(value: Any, _record: Any) -> str:
        text = _text("replace", value)
        for old, new in pairs:
            text = text.replace(old, new)
        return text

    return step


#: truncate
def truncate(most: int) -> Step:
    return lambda value, _record: _text("truncate", value)[:most]


#: to_string
def to_string(value: Any, _record: Any) -> str:
    text = scalar_text(value)
    if text is None:
        raise Fault("not-convertible", "to_string takes a text, a number or a flag")
    return text


#: to_integer
def to_integer(value: Any, _record: Any) -> int:
    digits = None
    if is_number(value):
        digits = _integer(value)
    else:
        text = _text("to_integer", value).strip(WHITE)
        digits = _canonical(text) if _is_decimal(text) and "." not in text else None
    if digits is None:
        raise Fault("not-convertible", "is not a whole number")
    return int(digits)


#: to_number
def to_number(value: Any, _record: Any) -> Any:
    if is_number(value):
        return value
    text = _text("to_number", value).strip(WHITE)
    if not _is_decimal(text):
        raise Fault("not-convertible", "is not a plain decimal number")
    return _json_number(_canonical(text))


#: to_boolean
def to_boolean(value: Any, _record: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = (_integer(value) or "") if is_number(value) else _text("to_boolean", value).strip(WHITE).lower()
    if word in ("true", "yes", "y", "on", "1"):
        return True
    if word in ("false", "no", "n", "off", "0"):
        return False
    raise Fault("not-convertible", "is neither a word for true nor one for false")


#: minor_to_major
def minor_to_major(*currency: Any) -> Step:
    def step(value: Any, record: Any) -> str:
        digits = _integer(value) if is_number(value) else None
        if digits is None:
            raise Fault("not-convertible", "is not a whole number")
        places = _places(currency, record)
        sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
        if places == 0:
            return sign + digits
        digits = digits.rjust(places + 1, "0")
        return f"{sign}{digits[:-places]}.{digits[-places:]}"

    return step


#: major_to_minor
def major_to_minor(*currency: Any) -> Step:
    def step(value: Any, record: Any) -> int:
        text = plain(value) if is_number(value) else _text("major_to_minor", value).strip(WHITE)
        if not _is_decimal(text):
            raise Fault("not-convertible", "is not a plain decimal number")
        places = _places(currency, record)
        whole, _, fraction = _canonical(text).partition(".")
        if fraction[places:].strip("0"):
            raise Fault("out-of-range", f"has more than the {places} digits of its currency")
        return int(_canonical(whole + fraction[:places].ljust(places, "0")))

    return step


#: epoch_to_datetime
def epoch_to_datetime(unit: str) -> Step:
    def step(value: Any, _record: Any) -> str:
        digits = _integer(value) if is_number(value) else None
        if digits is None:
            raise Fault("not-convertible", "is not a whole number")
        seconds, millis = (int(digits), 0) if unit == "seconds" else divmod(int(digits), 1000)
        try:
            at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
        except OverflowError:
            raise Fault("out-of-range", "is no time between the years 0 and 9999; check its unit") from None
        return _utc(at, f"{millis:03d}" if millis else "")

    return step


#: datetime_to_epoch
def datetime_to_epoch(unit: str) -> Step:
    def step(value: Any, _record: Any) -> int:
        at, fraction = _instant(_text("datetime_to_epoch", value))
        seconds = int((at - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(seconds=1))
        return seconds if unit == "seconds" else seconds * 1000 + int(fraction.ljust(3, "0")[:3])

    return step


#: local_to_utc
def local_to_utc(zone: str, ambiguous: str = "reject") -> Step:
    from zoneinfo import ZoneInfo

    place = ZoneInfo(zone)
    form = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?")

    def step(value: Any, _record: Any) -> str:
        found = form.fullmatch(_text("local_to_utc", value).strip(WHITE))
        try:
            local = datetime.fromisoformat(f"{found[1]}T{found[2]}") if found else None
        except ValueError:
            local = None
        if found is None or local is None:
            raise Fault("not-convertible", "is not a date and time without zone, like 2026-03-01 14:05:00")
        early, late = (local.replace(tzinfo=place, fold=fold).astimezone(timezone.utc) for fold in (0, 1))
        if early != late and ambiguous == "reject":
            raise Fault("ambiguous-time", "is a time that the clocks of the zone skipped or showed twice")
        return _utc(max(early, late) if ambiguous == "later" else min(early, late), found[3] or "")

    return step


#: date_only
def date_only(value: Any, _record: Any) -> str:
    text = _text("date_only", value)
    rest = re.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?)?", text)
    if not rest or _date(text[:10]) is None:
        raise Fault("not-convertible", "is neither a date nor a date-time")
    return text[:10]


#: round
def round_(places: int) -> Step:
    def step(value: Any, _record: Any) -> Any:
        found = _decimal(value) if is_number(value) else None
        if found is None:
            raise Fault("out-of-range" if is_number(value) else "not-convertible", "is no number of at most 28 digits")
        with localcontext(Context(prec=60)):
            if -int(found.as_tuple().exponent) > places:
                found = found.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        return _json_number(format(found, "f"))

    return step


#: not
def not_(value: Any, _record: Any) -> bool:
    if not isinstance(value, bool):
        raise Fault("not-convertible", "not takes a flag")
    return not value


#: sha256
def sha256(value: Any, _record: Any) -> str:
    return hashlib.sha256(_text("sha256", value).encode("utf-8")).hexdigest()


#: pseudonym
class pseudonym(Keyed):
    """A keyed hash (HMAC-SHA256): who has the key gets the same pseudonym, who has not finds nothing."""

    def __init__(self, secret: Secret, form: str = "hex", length: int = 64) -> None:
        super().__init__(secret)
        self._form, self._length = form, length

    def __call__(self, value: Any, _record: Any) -> str:
        code = hmac.new(self.key.encode(), _text("pseudonym", value).encode("utf-8"), hashlib.sha256).digest()
        text = code.hex() if self._form == "hex" else base64.urlsafe_b64encode(code).decode().rstrip("=")
        return text[: self._length]


#: collapse_spaces
def collapse_spaces(value: Any, _record: Any) -> str:
    return " ".join(re.sub(f"[{WHITE}]+", " ", _text("collapse_spaces", value)).split(" ")).strip(" ")


#: digits
def digits(value: Any, _record: Any) -> str:
    return re.sub(r"[^0-9]", "", _text("digits", value))


#: prefix
def prefix(text: str) -> Step:
    return lambda value, _record: text + _text("prefix", value)


#: suffix
def suffix(text: str) -> Step:
    return lambda value, _record: _text("suffix", value) + text


#: pad_start
def pad_start(width: int) -> Step:
    return lambda value, _record: _text("pad_start", value).rjust(width, "0")


#: nfc
def nfc(value: Any, _record: Any) -> str:
    return unicodedata.normalize("NFC", _text("nfc", value))


#: drop_empty
def drop_empty(value: Any, _record: Any) -> Any:
    return MISSING if value == "" or value == [] else value


#: mask
def mask(keep: int) -> Step:
    def step(value: Any, _record: Any) -> str:
        text = _text("mask", value)
        hidden = len(text) if len(text) <= keep else len(text) - keep
        return "*" * hidden + text[hidden:]

    return step


#: arithmetic
def _calculated(value: Any, by: str, times: bool) -> Any:
    if not is_number(value):
        raise Fault("not-convertible", "takes a number")
    found = _decimal(value)
    if found is not None:
        with localcontext(Context(prec=60)):
            result = found * Decimal(by) if times else found / Decimal(by)
        if len(result.normalize().as_tuple().digits) <= 28 and abs(result) < Decimal(10) ** 28:
            return _shown(result)
    raise Fault("out-of-range", "has, or gives, more than 28 digits")


#: multiply
def multiply(by: str) -> Step:
    return lambda value, _record: _calculated(value, by, True)


#: divide
def divide(by: str) -> Step:
    return lambda value, _record: _calculated(value, by, False)


#: negate
def negate(value: Any, _record: Any) -> Any:
    return _calculated(value, "-1", True)


#: absolute
def absolute(value: Any, _record: Any) -> Any:
    made = _calculated(value, "1", True)
    return abs(made)


#: format_decimal
def format_decimal(places: int) -> Step:
    def step(value: Any, _record: Any) -> str:
        found = _decimal(value)
        if found is None:
            raise Fault("not-convertible", "is no decimal number of at most 28 digits")
        with localcontext(Context(prec=60)):
            return format(found.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP), "f")

    return step


#: parse_decimal
def parse_decimal(point: str, group: str = "") -> Step:
    def step(value: Any, _record: Any) -> Any:
        text = _text("parse_decimal", value).strip(WHITE)
        sign, unsigned = ("-", text[1:]) if text.startswith("-") else ("", text)
        whole, dot, fraction = unsigned.partition(point)
        groups = whole.split(group) if group else [whole]
        # Groups are of three digits: anything else was written with other marks.
        sound = all(len(g) == 3 for g in groups[1:]) and (len(groups) == 1 or len(groups[0]) <= 3)
        made = "".join(groups) + ("." + fraction if dot else "")
        if not sound or not _is_decimal(made) or made[:1] in "+-":
            raise Fault("not-convertible", "is no number with these marks")
        return _json_number(_canonical(sign + made))

    return step


#: parse_date
def parse_date(form: str) -> Step:
    pattern = re.escape(form).replace("%d", r"(?P<d>\d{1,2})").replace("%m", r"(?P<m>\d{1,2})").replace("%Y", r"(?P<Y>\d{4})")

    def step(value: Any, _record: Any) -> str:
        found = re.fullmatch(pattern, _text("parse_date", value).strip(WHITE))
        try:
            if found:
                return date(int(found["Y"]), int(found["m"]), int(found["d"])).isoformat()
        except ValueError:
            pass
        raise Fault("not-convertible", "is no date of this form")

    return step


#: format_date
def format_date(form: str) -> Step:
    def step(value: Any, _record: Any) -> str:
        day = _date(_text("format_date", value))
        if day is None:
            raise Fault("not-convertible", "is no date like 2026-10-01")
        return form.replace("%d", f"{day.day:02d}").replace("%m", f"{day.month:02d}").replace("%Y", f"{day.year:04d}")

    return step


#: date_to_datetime
def date_to_datetime(zone: str) -> Step:
    from zoneinfo import ZoneInfo

    place = ZoneInfo(zone)

    def step(value: Any, _record: Any) -> str:
        day = _date(_text("date_to_datetime", value))
        if day is None:
            raise Fault("not-convertible", "is no date like 2026-10-01")
        # Where the clocks skip midnight, the day begins after it.
        return _utc(datetime(day.year, day.month, day.day, tzinfo=place).astimezone(timezone.utc))

    return step


#: to_utc
def to_utc(value: Any, _record: Any) -> str:
    return _utc(*_instant(_text("to_utc", value)))


#: unique
def unique(value: Any, _record: Any) -> List[Any]:
    seen, out = set(), []
    for item in _list("unique", value):
        number = exact(item) if is_number(item) else None
        # 1 and 1.0 are one; "1" is not, nor is true.
        form = f"n{number.normalize()}" if number is not None else "v" + simplejson.dumps(item, sort_keys=True, use_decimal=True)
        if form not in seen:
            seen.add(form)
            out.append(item)
    return out


#: compact
def compact(value: Any, _record: Any) -> List[Any]:
    return [item for item in _list("compact", value) if item is not None and item != ""]


#: sort
def sort(value: Any, _record: Any) -> List[Any]:
    def order(item: Any) -> Tuple[int, Any, bytes]:
        if is_number(item):
            return 0, exact(item), b""
        return (1, 0, item.encode("utf-8")) if isinstance(item, str) else (2, 0, b"")

    return sorted(_list("sort", value), key=order)


#: take
def take(most: int) -> Step:
    return lambda value, _record: _list("take", value)[:most]


#: join_items
def join_items(separator: str) -> Step:
    def step(value: Any, _record: Any) -> str:
        texts = [scalar_text(item) for item in _list("join_items", value) if item is not None]
        if any(text is None for text in texts):
            raise Fault("not-convertible", "has an item that is a list or an object")
        return separator.join(text for text in texts if text is not None)

    return step


#: count
def count(value: Any, _record: Any) -> int:
    return len(_list("count", value))


#: wrap
def wrap(value: Any, _record: Any) -> List[Any]:
    if isinstance(value, list):
        raise Fault("not-convertible", "wrap takes anything but a list")
    return [value]


#: to_json
def to_json(value: Any, _record: Any) -> str:
    if not isinstance(value, (list, dict)):
        raise Fault("not-convertible", "to_json takes a list or an object")
    return simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ":"))
