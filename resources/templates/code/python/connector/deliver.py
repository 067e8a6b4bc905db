"""Delivers mapped records so that the target has each once, whatever happens on the way: the intention is noted before the
first write, the effect after the answer."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import quote

import simplejson

from . import retry
from .compare import key_form, newer, satisfied
from .http import Answer, Client, Trace, Tries
from .model import Bulk, Call, Create, Flow, Path, Put, Upsert, at
from .outcome import Again, Dead, Refused, Stop, envelope, says
from .pages import pages, scalar
from .state import Effect, State, digest

# How often a record is looked up anew because the target contradicts itself.
CONTRADICTIONS = 3
# Pages of one search that are looked through; a search by a unique key has one.
SEARCH_PAGES = 50


@dataclass
class Item:
    """A record on its way."""

    key: str
    version: Optional[str]
    record: Any
    mapped: Any


def encode(call: Call, value: Any) -> bytes:
    """The body of a write: JSON, or the nested form that Rails, PHP and Stripe read."""
    if call.content_type.split(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return simplejson.dumps(value, use_decimal=True, ensure_ascii=False).encode("utf-8")
    pairs: List[str] = []

    def walk(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{name}[{key}]" if name else key, inner)
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                walk(f"{name}[{i}]", inner)
        else:
            pairs.append(f"{quote(name, safe='-._~')}={quote(scalar(value) or '', safe='-._~')}")

    walk("", value)
    return "&".join(pairs).encode()


class Deliverer:
    def __init__(self, flow: Flow, client: Client, state: State) -> None:
        self.flow, self.client, self.state = flow, client, state
        self.write = flow.target.write

    def known(self, item: Item) -> Optional[str]:
        """unchanged or stale, where nothing need be sent."""
        prior = self.state.effect(self.flow.name, item.key)
        if prior is None:
            return None
        if prior.version is not None and item.version is not None and newer(prior.version, item.version):
            return "stale"
        return "unchanged" if prior.done and prior.digest == digest(item.mapped) else None

    async def one(self, item: Item) -> str:
        """written or unchanged; raises Dead or Stop."""
        delivery = _Delivery(self, item)
        if isinstance(self.write, Upsert):
            return await delivery.upsert(self.write)
        if isinstance(self.write, Put):
            return await delivery.put(self.write)
        return await delivery.create(self.write)

    def idempotency_key(self, key: str, form: str, prior: Optional[Effect]) -> str:
        """The key of an effect. It is derived, not drawn, so that even a lost state leads to the same one; an effect whose
        outcome is not known keeps its own."""
        create_only = isinstance(self.write, Create)
        if prior is not None and not prior.done and (create_only or prior.digest == form):
            return prior.idempotency_key
        # What is only ever created has one effect per record, whatever its form.
        before = prior.idempotency_key if prior else ""
        parts = [self.flow.name, key, "" if create_only else form, before]
        return "pi-" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]

    async def bulk(self, items: List[Item]) -> List[Tuple[Item, Optional[Dead]]]:
        """Delivers many records, no two of which have one key; a batch that is refused as a whole is halved."""
        assert isinstance(self.write, Bulk)
        done: List[Tuple[Item, Optional[Dead]]] = []
        todo = [items[i:i + self.write.size] for i in range(0, len(items), self.write.size)]
        while todo:
            batch = todo.pop(0)
            halves = await self._send(self.write, batch, done)
            todo[:0] = halves
        return done

    async def _send(self, how: Bulk, batch: List[Item], done: List[Tuple[Item, Optional[Dead]]]) -> List[List[Item]]:
        client, trace, tries = self.client, Trace(), Tries()
        noted: Dict[str, Effect] = {}
        while batch:
            for item in batch:
                prior = noted.get(item.key) or self.state.effect(self.flow.name, item.key)
                form = digest(item.mapped)
                effect = Effect(form, item.version, self.idempotency_key(item.key, form, prior),
                                prior.target_id if prior else None, False)
                self.state.put_effect(self.flow.name, item.key, effect)
                noted[item.key] = effect
            body: Any = [item.mapped for item in batch]
            for name in reversed(how.records):
                body = {name: body}
            try:
                answer = await client.attempt(how.write, client.url(how.write), trace, body=encode(how.write, body))
                words = self._results(how, batch, answer)
                left = []
                why = ""
                for item, (word, text) in zip(batch, words):
                    if word == "done":
                        effect = noted[item.key]
                        effect.done, effect.target_id = True, text or effect.target_id
                        self.state.put_effect(self.flow.name, item.key, effect)
                        done.append((item, None))
                    elif word == "refused":
                        done.append((item, Dead("rejected-by-target", text)))
                    else:
                        left.append(item)
                        why = text
                batch = left
                if batch:
                    raise Again("partial-failure", client.settings.clean(why))
            except Again as again:
                try:
                    await client.back_off(again, tries, trace)
                except Dead as dead:
                    done.extend((item, dead) for item in batch)
                    return []
            except Refused as refused:
                # What is wrong with one record is told of the whole; what is wrong with the address is not.
                if len(batch) > 1 and refused.status in (200, 400, 409, 413, 422):
                    return [batch[:len(batch) // 2], batch[len(batch) // 2:]]
                done.extend((item, Dead(refused.code, str(refused))) for item in batch)
                return []
        return []

    def _results(self, how: Bulk, batch: List[Item], answer: Answer) -> List[Tuple[str, str]]:
        body = answer.json()
        results = at(body, how.results)
        if not isinstance(results, list):
            self.client.told(body, answer)
            raise Again("unexpected-answer", "the answer holds no results")
        by_key: Dict[str, Any] = {}
        if how.result_key:
            for result in results:
                key = scalar(at(result, (how.result_key,)))
                if key is not None:
                    by_key[key_form(key)] = result
        out = []
        for i, item in enumerate(batch):
            if how.result_key:
                result = by_key.get(key_form(scalar(at(item.mapped, how.key)) or ""))
            else:
                result = results[i] if len(results) == len(batch) else None
            # What the answer does not speak of is sent again; the target matches it by its key.
            out.append(("again", "the answer does not speak of every record") if result is None else _word(result))
        return out


def _word(result: Any) -> Tuple[str, str]:
    """What one result says: done with the target's key, again, or refused, with the words."""
    words = says(result)
    fields = result if isinstance(result, dict) else {}
    for name in ("status", "status_code", "statusCode", "code"):
        status = fields.get(name)
        if isinstance(status, int) and not isinstance(status, bool) and 100 <= status < 600:
            told = f"status {status}: {words}" if words else f"status {status}"
            group = retry.kind(status)
            if group == "success":
                return "done", scalar(fields.get("id")) or ""
            return ("again" if group in ("throttled", "not_done", "unknown") else "refused"), told
    failed = any(str(fields.get(n)).lower() in ("error", "fail", "failed", "failure", "rejected", "invalid")
                 for n in ("status", "result", "outcome"))
    found = envelope(result)
    if found is not None:
        return ("again" if found.kind in ("throttled", "transient") else "refused"), found.says
    return ("refused", words) if failed else ("done", scalar(fields.get("id")) or "")


class _Delivery:
    """One record's."""

    def __init__(self, deliverer: Deliverer, item: Item) -> None:
        self.d, self.item, self.client = deliverer, item, deliverer.client
        self.form = digest(item.mapped)
        self.prior = deliverer.state.effect(deliverer.flow.name, item.key)
        self.idempotency_key = deliverer.idempotency_key(item.key, self.form, self.prior)
        self.trace, self.tries = Trace(), Tries()
        self.writes = 0

    def note(self, target_id: Optional[str], done: bool) -> None:
        effect = Effect(self.form, self.item.version, self.idempotency_key, target_id, done)
        self.d.state.put_effect(self.d.flow.name, self.item.key, effect)

    async def send(self, call: Call, url: str, header: Optional[str], target_key: str) -> Optional[str]:
        """One attempt at a write, noted before it is made. The target's key, where the answer shows it."""
        if self.writes == 0:
            self.note(self.prior.target_id if self.prior else None, False)
        self.writes += 1
        headers = {header.lower(): self.idempotency_key} if header else {}
        answer = await self.client.attempt(call, url, self.trace, body=encode(call, self.item.mapped), headers=headers)
        body = answer.json(need=False)
        key = scalar(at(body, (target_key,))) if target_key else None
        self.client.told(body, answer, record=key is not None)
        if key is None and isinstance(body, dict):
            inner = [scalar(at(v, (target_key,))) for v in body.values()]
            key = next((k for k in inner if k is not None), None)
        return key

    def address(self, call: Call, key: str) -> str:
        last = re.findall(r"\{([^}]*)\}", call.path)[-1]
        return self.client.url(call, {last: key})

    async def search(self, how: Upsert, wanted: str) -> Optional[Any]:
        """The record whose natural key is exactly this one: a search may be fuzzy, and a list may ignore the filter."""
        hit, blind, seen = None, False, 0
        found = pages(self.client, how.find, how.find_items, how.find_paging, [(how.find_param, wanted)], trace=self.trace)
        try:
            async for page in found:
                for record in page:
                    key = scalar(at(record, how.match))
                    if key is None:
                        blind = True
                    elif key_form(key) == key_form(wanted):
                        if hit is not None:
                            raise Dead("ambiguous-match", f"several records have this {'.'.join(how.match)}")
                        hit = record
                seen += 1
                if seen >= SEARCH_PAGES:
                    raise Dead("match-unclear", f"the search did not end within {SEARCH_PAGES} pages")
        except Stop as stop:
            if stop.code in ("repeating-cursor", "cursor-missing", "foreign-link"):
                raise Dead("match-unclear", stop.because) from None
            raise
        except Refused as refused:
            raise Dead(refused.code, str(refused)) from None
        if hit is None and blind:
            raise Dead("match-unclear", f"the search answers with records that do not show {'.'.join(how.match)}")
        return hit

    async def upsert(self, how: Upsert) -> str:
        wanted = scalar(at(self.item.mapped, how.match))
        if not wanted or not wanted.strip():
            raise Dead("match-missing", f"{'.'.join(how.match)} is empty, and records are matched by it")
        known = self.prior.target_id if self.prior else None
        contradictions, absent = 0, False
        while True:
            # Also before every further create, unless the last one is known to have done nothing: an attempt whose answer
            # was lost may have made the record.
            hit = None if absent else await self.search(how, wanted)
            absent = False
            key: Optional[str]
            if hit is not None:
                key = scalar(at(hit, (how.target_key,)))
                if key is None:
                    raise Dead("target-key-missing", f"the record found has no {how.target_key}")
                if satisfied(self.item.mapped, hit):
                    self.note(key, True)
                    return "written" if self.writes else "unchanged"
            else:
                # The key changed at the source: the record that this one became is still known by its id.
                key, known = known, None
            try:
                if key is not None:
                    await self.send(how.update, self.address(how.update, key), None, how.target_key)
                    self.note(key, True)
                else:
                    made = await self.send(how.create, self.client.url(how.create), how.idempotency, how.target_key)
                    self.note(made, True)
                return "written"
            except Again as again:
                if key is not None:
                    known = key
                else:
                    absent = not again.unknown
                await self.client.back_off(again, self.tries, self.trace)
            except Refused as refused:
                gone = key is not None and refused.status in (404, 410)
                exists = key is None and refused.status in (400, 409, 422)
                word = _conflict(refused, how.idempotency is not None) if exists else "exists"
                if word == "in-progress":
                    await self.client.back_off(Again("in-progress", refused.says, wait=refused.wait), self.tries, self.trace)
                    continue
                if word == "key-reused":
                    raise Dead("key-conflict", f"the target has seen the idempotency key with another body: {refused.says}") from None
                contradictions += 1
                # Gone, or there after all: look again.
                if not (gone or exists and refused.status == 409) or contradictions >= CONTRADICTIONS:
                    raise Dead(refused.code, str(refused)) from None

    async def put(self, how: Put) -> str:
        key = self.item.key if how.key is None else scalar(at(self.item.mapped, how.key))
        if not key:
            raise Dead("match-missing", f"{'.'.join(how.key or ())} is empty, and it is the record's address")
        while True:
            try:
                await self.send(how.put, self.address(how.put, key), None, "")
                self.note(key, True)
                return "written"
            except Again as again:
                await self.client.back_off(again, self.tries, self.trace)
            except Refused as refused:
                raise Dead(refused.code, str(refused)) from None

    async def create(self, how: Create) -> str:
        if self.prior is not None and self.prior.done:
            raise Dead("changed-after-create", "the record changed after it was created, and this flow only creates")
        while True:
            try:
                key = await self.send(how.create, self.client.url(how.create), how.idempotency, "id")
                self.note(key, True)
                return "written"
            except Again as again:
                await self.client.back_off(again, self.tries, self.trace)
            except Refused as refused:
                word = _conflict(refused, how.idempotency is not None)
                if word == "in-progress":
                    again = Again("in-progress", refused.says, wait=refused.wait)
                    await self.client.back_off(again, self.tries, self.trace)
                elif word == "key-reused":
                    raise Dead("key-conflict", f"the target has seen the idempotency key with another body: {refused.says}") from None
                else:
                    raise Dead(refused.code, str(refused)) from None


def _conflict(refused: Refused, keyed: bool) -> str:
    """Tells the conflicts of the Idempotency-Key draft apart, as vendors word them."""
    if not keyed or refused.status not in (400, 409, 422):
        return "exists"
    plain = re.sub(r"[^a-z0-9]", " ", refused.says.lower())
    working = ("in progress", "inprogress", "being processed", "in flight", "concurrent", "still processing")
    reused = ("key reuse", "key was reused", "key already used", "key has already been used", "reused with")
    if refused.status == 409 and any(w in plain for w in working):
        return "in-progress"
    if any(w in plain for w in ("idempoten", "request key") + reused):
        return "key-reused"
    return "exists"
