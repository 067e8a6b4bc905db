"""One pass of a flow: read, map, deliver, and only then move the checkpoint."""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Dict, List, Optional

import httpx

from . import mapping
from .compare import key_form, newer
from .deliver import Deliverer, Item
from .http import Client, Switch
from .log import Log
from .mapper import Rejected
from .model import Bulk, Flow, Put, Upsert, at
from .outcome import Dead, Refused, Stop
from .pages import pages, scalar
from .settings import Settings
from .state import State, digest


class Pass:
    """A pass and its counts. It ends well when every record that it read is in the target."""

    def __init__(self, flow: Flow, settings: Settings, switch: Switch, state: State, log: Log,
                 transport: Optional[httpx.AsyncBaseTransport] = None) -> None:
        self.flow, self.state, self.switch = flow, state, switch
        self.log = log.bind(flow=flow.name)
        self.counts: Counter[str] = Counter()
        self.stopped: Optional[Stop] = None
        self.waiting = 0  # dead letters
        self._apply: Callable[[Any], Any] = getattr(mapping, flow.mapping)
        self._claims: Dict[str, str] = {}
        self._source = Client(flow.source.system, flow.delivery, flow.source.rate, settings, switch, self.log, transport)
        self._target = Client(flow.target.system, flow.delivery, flow.target.rate, settings, switch, self.log, transport)
        self._deliverer = Deliverer(flow, self._target, state)

    @property
    def ok(self) -> bool:
        return self.stopped is None and not self.counts["dead"]

    async def run(self) -> Pass:
        bound = self.state.bound(self.flow.name)
        highest = bound
        source = self.flow.source
        query = [(source.since, bound)] if source.since and bound is not None else []
        try:
            async for page in pages(self._source, source.list, source.items, source.paging, query, source.inside):
                for version in await self._settle(page):
                    if highest is None or newer(version, highest):
                        highest = version
            # The bound is inclusive: the last records come again, and the state tells that they are done.
            if source.since and highest is not None and highest != bound:
                self.state.set_bound(self.flow.name, highest)
        except Stop as stop:
            self.stopped = stop
        except (Dead, Refused) as e:
            self.stopped = Stop("source-unreadable", str(e))
        finally:
            await self._source.close()
            await self._target.close()
        self.waiting = self.state.letters(self.flow.name)
        level = "info" if self.ok else "error"
        fields: Dict[str, Any] = {**self.counts, "dead_letters": self.waiting}
        if self.stopped:
            fields.update(code=self.stopped.code, because=self.stopped.because)
        self.log(level, "pass-ended", **fields)
        return self

    async def _settle(self, page: List[Any]) -> List[str]:
        """Settles a page; returns the versions of its records."""
        versions: List[str] = []
        pending: List[Item] = []
        for record in page:
            item = self._prepare(record)
            if item is None:
                continue
            if item.version is not None:
                versions.append(item.version)
            if item.mapped is None:
                continue
            known = self._deliverer.known(item)
            if known is not None:
                self.counts[known] += 1
                if known == "unchanged":
                    self.state.settle_letter(self.flow.name, item.key)
                continue
            if isinstance(self.flow.target.write, Bulk):
                if any(p.key == item.key for p in pending):
                    await self._bulk(pending)
                    pending = []
                pending.append(item)
                continue
            try:
                self.counts[await self._deliverer.one(item)] += 1
                self.state.settle_letter(self.flow.name, item.key)
            except Dead as dead:
                self._bury(item.key, dead, record)
        if pending:
            await self._bulk(pending)
        return versions

    async def _bulk(self, items: List[Item]) -> None:
        for item, dead in await self._deliverer.bulk(items):
            if dead is None:
                self.counts["written"] += 1
                self.state.settle_letter(self.flow.name, item.key)
            else:
                self._bury(item.key, dead, item.record)

    def _prepare(self, record: Any) -> Optional[Item]:
        """Key, version and mapped form; a record that cannot be mapped is put aside here and has none."""
        self.counts["read"] += 1
        key = scalar(at(record, self.flow.source.key)) if isinstance(record, dict) else None
        if not key:
            key = "#" + digest(record)[:12]
            self._bury(key, Dead("key-missing", f"the record has no {'.'.join(self.flow.source.key)}"), record)
            return None
        changed = self.flow.source.changed
        item = Item(key, scalar(at(record, changed)) if changed else None, record, None)
        try:
            mapped = self._apply(record)
            other = self._claim(key, mapped)
            if other is not None:
                raise Dead("equal-keys", f"record {other} has the same key in the target")
            item.mapped = mapped
        except Rejected as rejected:
            self._bury(key, Dead(rejected.code, str(rejected)), record)
        except Dead as dead:
            self._bury(key, dead, record)
        return item

    def _claim(self, key: str, mapped: Any) -> Optional[str]:
        """Two source records that would become one target record are reported, not silently merged."""
        write = self.flow.target.write
        path = write.match if isinstance(write, Upsert) else write.key if isinstance(write, (Put, Bulk)) else None
        natural = scalar(at(mapped, path)) if path else None
        if natural is None:
            return None
        holder = self._claims.setdefault(key_form(natural), key)
        return holder if holder != key else None

    def _bury(self, key: str, dead: Dead, record: Any) -> None:
        self.counts["dead"] += 1
        if self.state.bury(self.flow.name, key, dead.code, dead.because, record):
            self.log("error", "dead-letter", key=key, code=dead.code, because=dead.because)
