"""The rules of a mapping at work. Missing, null and empty are three things:

1. missing: the default, else the target stays out; where the rule is required, the record is rejected;
2. null: the default, or rejected where required, else looked up in the table under the key "null", else passed on;
3. anything else goes through the steps, then through the table. Steps that end with nothing are case 1.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

from .model import Secret


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
REJECT = object()
KEEP = object()

Key = Union[str, int]
Source = Callable[[Any], Any]
Step = Callable[[Any, Any], Any]


class Fault(Exception):
    """Why a value cannot be mapped, without the value."""

    def __init__(self, code: str, because: str) -> None:
        super().__init__(because)
        self.code, self.because = code, because


class Rejected(Exception):
    """Why a record cannot be mapped."""

    def __init__(self, code: str, target: str, source: str, because: str) -> None:
        super().__init__(f"{target} from {source}: {because}")
        self.code, self.target = code, target


class Keyed:
    """A step that works with a secret key; before the keys are put in, with one that hides nothing."""

    TEST_KEY = "platform-integration test key, not a secret"
    SHORTEST = 32
    all: List[Keyed] = []

    def __init__(self, secret: Secret) -> None:
        self.secret, self.key = secret, self.TEST_KEY
        Keyed.all.append(self)


def use_keys(resolve: Callable[[Secret], str]) -> None:
    """Puts the keys in."""
    for step in Keyed.all:
        key = resolve(step.secret)
        if len(key.encode()) < Keyed.SHORTEST:
            raise ValueError(f"{step.secret.kind}:{step.secret.name} is shorter than {Keyed.SHORTEST} bytes")
        step.key = key


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def plain(value: Any) -> str:
    """A number without exponent, its digits as written."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def scalar_text(value: Any) -> Optional[str]:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if is_number(value) else None


def exact(value: Any) -> Optional[Decimal]:
    """The decimal of a number, or of a text that is one."""
    text = None if isinstance(value, bool) else scalar_text(value)
    try:
        found = Decimal(text.strip()) if text is not None else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def look(record: Any, path: Sequence[Key]) -> Any:
    """What stands at a path: MISSING where a part of it is not there or a parent is null."""
    value = record
    for part in path:
        if value is None:
            return MISSING
        if isinstance(part, str) and isinstance(value, dict):
            if part not in value:
                return MISSING
            value = value[part]
        elif isinstance(part, int) and isinstance(value, list):
            if part >= len(value):
                return MISSING
            value = value[part]
        else:
            raise Fault("wrong-shape", "a parent of the field is neither object nor list")
    return value


def absent(value: Any) -> bool:
    return value is MISSING or value is None


# --- sources


def field(*path: Key) -> Source:
    return lambda record: look(record, path)


def join(separator: str, *parts: Sequence[Key]) -> Source:
    def source(record: Any) -> Any:
        texts = []
        for part in parts:
            value = look(record, part)
            if not absent(value):
                text = scalar_text(value)
                if text is None:
                    raise Fault("not-convertible", f"the part {part} cannot be joined")
                texts.append(text)
        return separator.join(texts) if texts else MISSING

    return source


def first_of(*paths: Sequence[Key]) -> Source:
    def source(record: Any) -> Any:
        values = (look(record, path) for path in paths)
        return next((v for v in values if not absent(v)), MISSING)

    return source


def template(*pieces: Union[str, Sequence[Key]]) -> Source:
    def source(record: Any) -> Any:
        out = []
        for piece in pieces:
            if isinstance(piece, str):
                out.append(piece)
                continue
            value = look(record, piece)
            if absent(value):
                return MISSING
            text = scalar_text(value)
            if text is None:
                raise Fault("not-convertible", f"the field {piece} cannot stand in a text")
            out.append(text)
        return "".join(out)

    return source


# --- conditions


def same(a: Any, b: Any) -> bool:
    if is_number(a) and is_number(b):
        return exact(a) == exact(b)
    return type(a) is type(b) and bool(a == b)


def _found(record: Any, path: Sequence[Key]) -> Any:
    try:
        return look(record, path)
    except Fault:
        return MISSING


def is_in(path: Sequence[Key], *values: Any) -> Callable[[Any], bool]:
    return lambda record: any(same(_found(record, path), v) for v in values)


def is_not_in(path: Sequence[Key], *values: Any) -> Callable[[Any], bool]:
    return lambda record: not any(same(_found(record, path), v) for v in values)


def present(path: Sequence[Key], wanted: bool) -> Callable[[Any], bool]:
    return lambda record: (not absent(_found(record, path))) is wanted


def above(path: Sequence[Key], bound: str) -> Callable[[Any], bool]:
    def holds(record: Any) -> bool:
        value = exact(_found(record, path))
        return value is not None and value > Decimal(bound)

    return holds


def below(path: Sequence[Key], bound: str) -> Callable[[Any], bool]:
    def holds(record: Any) -> bool:
        value = exact(_found(record, path))
        return value is not None and value < Decimal(bound)

    return holds


# --- rules


class Rule:
    """One line of the mapping. `whole` is set for sources that give a finished value: const, when, each."""

    def __init__(self, target: Sequence[Key], origin: str, source: Source, steps: Sequence[Step] = (), *,
                 values: Optional[Sequence[Tuple[str, Any]]] = None, otherwise: Any = REJECT, default: Any = MISSING,
                 required: bool = False, whole: bool = False) -> None:
        self.target, self.origin, self._source, self._steps = target, origin, source, steps
        self._values, self._otherwise, self._default = values, otherwise, default
        self._required, self._whole = required, whole

    def value(self, record: Any) -> Any:
        value = self._source(record)
        return self._settled(value if self._whole else self.finish(value, record))

    def _settled(self, value: Any) -> Any:
        if absent(value):
            if self._default is not MISSING:
                return self._default
            if self._required:
                raise Fault("required-value-missing", "the value is missing or null, and the rule requires it")
        return value

    def finish(self, value: Any, record: Any) -> Any:
        """Steps and table."""
        if value is None and (self._default is not MISSING or self._required):
            value = MISSING
        if not absent(value):
            value = through(self._steps, value, record)
        return value if value is MISSING or self._values is None else self._looked_up(value)

    def _looked_up(self, value: Any) -> Any:
        text = "null" if value is None else scalar_text(value)
        for key, wanted in self._values or ():
            if text is not None and (key == text or is_number(value) and exact(key) == exact(value)):
                return wanted
        if self._otherwise is REJECT:
            raise Fault("unknown-value", "the table has no entry for it")
        return value if self._otherwise is KEEP else self._otherwise


def through(steps: Sequence[Step], value: Any, record: Any) -> Any:
    for step in steps:
        value = step(value, record)
        if absent(value):
            return MISSING
        if isinstance(value, str) and len(value.encode("utf-8")) > 1 << 20:
            raise Fault("out-of-range", "becomes longer than 1048576 bytes by its transforms")
    return value


def const(value: Any) -> Source:
    return lambda record: value


def when(*cases: Tuple[Callable[[Any], bool], Rule], otherwise: Optional[Rule] = None) -> Source:
    def source(record: Any) -> Any:
        rule = next((rule for holds, rule in cases if holds(record)), otherwise)
        return rule.value(record) if rule is not None else MISSING

    return source


def each(path: Sequence[Key], *, take: Optional[Sequence[Key]] = None, item: Optional[Rule] = None,
         mapping: Optional[Mapping] = None, then: Sequence[Step] = ()) -> Source:
    """One value for each item of a list; `item` holds the steps and the table for each."""

    def source(record: Any) -> Any:
        items = look(record, path)
        if absent(items):
            return items
        if not isinstance(items, list):
            raise Fault("wrong-shape", "each takes a list")
        out = []
        for one in items:
            if mapping is not None:
                try:
                    out.append(mapping.apply(one))
                except Rejected as e:
                    raise Fault(e.code, str(e)) from None
                continue
            value = look(one, take) if take is not None else one
            made = item.finish(value, record) if item is not None else value
            if made is not MISSING:
                out.append(made)
        return through(then, out, record)

    return source


class Mapping:
    def __init__(self, *rules: Rule) -> None:
        self._rules = rules

    def __call__(self, record: Any) -> Any:
        return self.apply(record)

    def apply(self, record: Any) -> Dict[str, Any]:
        """The target record; raises Rejected with the first rule that cannot be applied."""
        out: Dict[str, Any] = {}
        for rule in self._rules:
            try:
                value = rule.value(record)
            except Fault as fault:
                target = ".".join(str(p) for p in rule.target)
                raise Rejected(fault.code, target, rule.origin, fault.because) from None
            if value is not MISSING:
                put(out, rule.target, value)
        return out


def put(record: Any, path: Sequence[Key], value: Any) -> None:
    """Puts a value at a path, making objects and lists on the way."""
    place = record
    for i, part in enumerate(path):
        last = i == len(path) - 1
        empty: Any = None if last else [] if isinstance(path[i + 1], int) else {}
        if isinstance(part, int):
            place.extend([None] * (part + 1 - len(place)))
            if place[part] is None or last:
                place[part] = value if last else empty
        elif last:
            place[part] = value
        elif not isinstance(place.get(part), (dict, list)):
            place[part] = empty
        place = None if last else place[part]
