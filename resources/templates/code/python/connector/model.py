"""What a flow is: the words of `plan.py`. A path is a tuple of names; an empty one is the value itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional, Tuple

Path = Tuple[str, ...]


@dataclass(frozen=True)
class Secret:
    """A reference to a secret: the variable or the file that holds it, never the value."""

    kind: str  # "env" or "file"
    name: str


@dataclass(frozen=True)
class Auth:
    """How a system is told who asks. `kind` is none, bearer, basic, header_key, query_key or client_credentials."""

    kind: str
    secret: Optional[Secret] = None
    username: Optional[Secret] = None
    password: Optional[Secret] = None
    name: str = ""
    token_url: str = ""
    client_id: Optional[Secret] = None
    client_secret: Optional[Secret] = None
    scopes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Rate:
    requests: int
    window_ms: int


@dataclass(frozen=True)
class System:
    """A platform. `env` is what its variables begin with: `CRM_BASE_URL`."""

    name: str
    env: str
    base_url: str
    auth: Auth


@dataclass(frozen=True)
class Param:
    """A parameter with the value that the contract gives. `place` is path, query or header."""

    name: str
    place: str
    value: str


@dataclass(frozen=True)
class Call:
    """An operation: its path holds placeholders like `{id}`."""

    id: str
    method: str
    path: str
    content_type: str = "application/json"
    params: Tuple[Param, ...] = ()


@dataclass(frozen=True)
class Paging:
    """How pages follow each other. `style` is cursor, page, offset, link_header or link_body."""

    style: str
    param: Optional[str] = None
    limit_param: Optional[str] = None
    limit: Optional[int] = None
    next: Optional[Path] = None
    last_item: Optional[str] = None
    more: Optional[Path] = None
    total: Optional[Path] = None
    first_page: int = 1


@dataclass(frozen=True)
class Source:
    system: System
    list: Call
    key: Path
    items: Path
    inside: Path = ()
    paging: Optional[Paging] = None
    changed: Optional[Path] = None  # the field that orders changes
    since: Optional[str] = None  # the parameter with the lower bound
    rate: Optional[Rate] = None


@dataclass(frozen=True)
class Upsert:
    """Find by natural key, then update or create."""

    match: Path
    find: Call
    find_param: str
    find_items: Path
    create: Call
    update: Call
    target_key: str
    find_paging: Optional[Paging] = None
    idempotency: Optional[str] = None


@dataclass(frozen=True)
class Put:
    """Put to an address that the record's key names."""

    put: Call
    key: Optional[Path] = None


@dataclass(frozen=True)
class Create:
    """Create once; `idempotency` is the header with the key of the effect."""

    create: Call
    idempotency: Optional[str] = None


@dataclass(frozen=True)
class Bulk:
    """Many records in one request, each answered by a result of its own."""

    write: Call
    records: Path
    results: Path
    key: Path
    size: int
    result_key: Optional[str] = None


@dataclass(frozen=True)
class Target:
    system: System
    write: Any
    rate: Optional[Rate] = None


@dataclass(frozen=True)
class Breaker:
    open_after: int
    probe_every_ms: int


@dataclass(frozen=True)
class Delivery:
    attempts: int
    base_ms: int
    cap_ms: int
    timeout_ms: int
    full_jitter: bool = True
    honor_retry_after: bool = True
    breaker: Optional[Breaker] = None


@dataclass(frozen=True)
class Flow:
    """One flow from a source to a target; `mapping` is the name of its function in `mapping.py`."""

    name: str
    mapping: str
    source: Source
    target: Target
    delivery: Delivery
    every_ms: Optional[int] = None


def at(value: Any, path: Path) -> Any:
    """The value at a path; None where there is none."""
    for name in path:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
