"""What the connector holds to, whatever the contract: against systems that answer from memory, without network."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Callable, Dict, List, Optional

import httpx
import pytest

from connector import mapping, retry
from connector.http import Client, Pace, Switch, without
from connector.log import Log
from connector.mapper import Mapping, Rule, field
from connector.model import Auth, Breaker, Call, Create, Delivery, Flow, Paging, Rate, Secret, Source, System, Target, Upsert
from connector.outcome import Stop, envelope
from connector.pages import next_link, pages
from connector.run import Pass
from connector.settings import Settings
from connector.state import State

SECRET = "a-secret-that-nobody-may-see"
FAST = Delivery(attempts=4, base_ms=1, cap_ms=4, timeout_ms=2000, breaker=Breaker(open_after=3, probe_every_ms=5))
SOURCE = System("shop", "SHOP", "https://shop.example", Auth("bearer", secret=Secret("env", "SHOP_KEY")))
TARGET = System("desk", "DESK", "https://desk.example", Auth("client_credentials", token_url="https://desk.example/token",
                client_id=Secret("env", "DESK_ID"), client_secret=Secret("env", "DESK_SECRET")))
LIST = Call("list", "GET", "/things")
UPSERT = Upsert(match=("ref",), find=Call("find", "GET", "/items"), find_param="ref", find_items=("items",),
                create=Call("create", "POST", "/items"), update=Call("update", "PATCH", "/items/{id}"), target_key="id")


@pytest.fixture
def settings(tmp_path):
    env = {"SHOP_KEY": SECRET, "DESK_ID": "id", "DESK_SECRET": SECRET + "2", "STATE_DIR": str(tmp_path / "state"),
           "DISABLE_FILE": str(tmp_path / "off"), "TIME_SCALE": "1"}
    return Settings(env)


def flow(write: Any = UPSERT, paging: Optional[Paging] = None, delivery: Delivery = FAST) -> Flow:
    source = Source(SOURCE, LIST, ("id",), ("data",), paging=paging, changed=("at",), since="since")
    return Flow("things", "map_test_things", source, Target(TARGET, write), delivery)


@pytest.fixture(autouse=True)
def a_mapping(monkeypatch):
    rules = Mapping(Rule(("ref",), "id", field("id")), Rule(("name",), "name", field("name"), required=True))
    monkeypatch.setattr(mapping, "map_test_things", rules, raising=False)


class World:
    """Both systems: what they hold, and everything that they were asked."""

    def __init__(self, records: List[Dict[str, Any]]) -> None:
        self.records, self.items = records, []  # type: ignore[var-annotated]
        self.seen: List[httpx.Request] = []
        self.tokens = 0
        self.before: Callable[[httpx.Request], Any] = lambda request: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        made = self.before(request)
        if isinstance(made, Exception):
            raise made
        if made is not None:
            return made
        path, method = request.url.path, request.method
        if path == "/token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"token-{self.tokens}", "expires_in": 3600})
        if path == "/things":
            since = request.url.params.get("since", "")
            return httpx.Response(200, json={"data": [r for r in self.records if r["at"] >= since]})
        if path == "/items" and method == "GET":
            return httpx.Response(200, json={"items": [i for i in self.items if i["ref"] == request.url.params["ref"]]})
        body = json.loads(request.content)
        if method == "POST":
            self.items.append({"id": str(len(self.items) + 1), **body})
            return httpx.Response(201, json=self.items[-1])
        item = next(i for i in self.items if i["id"] == path.rsplit("/", 1)[1])
        item.update(body)
        return httpx.Response(200, json=item)

    def run(self, settings: Settings, **more: Any) -> Pass:
        state = State(settings)
        try:
            return asyncio.run(self._run(settings, state, more))
        finally:
            state.close()

    async def _run(self, settings: Settings, state: State, more: Dict[str, Any]) -> Pass:
        transport = httpx.MockTransport(self)
        return await Pass(flow(**more), settings, Switch(settings), state, Log(settings), transport).run()

    def writes(self) -> List[httpx.Request]:
        return [r for r in self.seen if r.method in ("POST", "PATCH", "PUT") and r.url.path != "/token"]


def things(n: int) -> List[Dict[str, Any]]:
    return [{"id": f"t{i}", "name": f"Thing {i}", "at": f"2026-01-01T00:00:0{i}Z"} for i in range(n)]


def test_every_record_arrives_once_and_a_second_pass_writes_nothing(settings):
    world = World(things(3))
    assert world.run(settings).ok and len(world.items) == 3
    before = len(world.writes())
    again = world.run(settings)
    # The bound is inclusive: the last record comes again, and costs no request to the target.
    assert again.ok and again.counts["read"] == 1 and len(world.writes()) == before
    assert world.seen[-1].url.params["since"] == "2026-01-01T00:00:02Z"


@pytest.mark.parametrize("value, low", [("0.02", 0.02), ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0)])
def test_the_server_says_when_to_come_again(settings, value, low):
    world = World(things(1))
    refusals = [httpx.Response(429, headers={"retry-after": value, "date": "Thu, 01 Jan 2026 00:00:00 GMT"})]
    world.before = lambda r: refusals.pop() if r.method == "POST" and r.url.path == "/items" and refusals else None
    assert world.run(settings).ok and len(world.items) == 1


def test_a_lost_answer_is_looked_up_before_the_record_is_made_again(settings):
    world = World(things(1))
    lost = [True]

    def before(request):
        if request.method == "POST" and request.url.path == "/items" and lost:
            lost.pop()
            world.items.append({"id": "9", **json.loads(request.content)})
            return httpx.ReadError("gone")
        return None

    world.before = before
    assert world.run(settings).ok and len(world.items) == 1


def test_a_create_that_is_sent_again_carries_the_same_key(settings):
    world = World(things(1))
    answers = [httpx.Response(503), httpx.Response(502)]
    world.before = lambda r: answers.pop() if r.method == "POST" and r.url.path == "/items" and answers else None
    assert world.run(settings, write=Create(Call("create", "POST", "/items"), "Idempotency-Key")).ok
    keys = {r.headers["idempotency-key"] for r in world.writes()}
    traces = {r.headers["traceparent"].split("-")[1] for r in world.writes()}
    spans = {r.headers["traceparent"].split("-")[2] for r in world.writes()}
    assert len(world.writes()) == 3 and len(keys) == 1 and len(traces) == 1 and len(spans) == 3


def test_a_refused_record_is_put_aside_and_the_others_go_on(settings):
    world = World(things(3))
    bad = httpx.Response(422, json={"title": "no such name", "detail": f"token {SECRET}"})
    world.before = lambda r: bad if r.method == "POST" and b"Thing 1" in r.content else None
    run = world.run(settings)
    assert not run.ok and run.stopped is None and len(world.items) == 2
    letters = [json.loads(line) for line in settings.dead_letters.read_text().splitlines()]
    assert [letter["key"] for letter in letters] == ["t1"]
    assert "no such name" in letters[0]["reason"] and SECRET not in settings.dead_letters.read_text()
    assert len([r for r in world.writes() if b"Thing 1" in r.content]) == 1


def test_an_expired_token_is_renewed_once(settings):
    world = World(things(2))
    expired = {"Bearer token-1"}
    unauthorized = httpx.Response(401, headers={"www-authenticate": 'Bearer error="invalid_token"'})
    first = [True]

    def before(request):
        if request.method == "POST" and request.url.path == "/items" and request.headers["authorization"] in expired and first:
            return unauthorized
        return None

    world.before = before
    assert world.run(settings).ok and world.tokens == 2
    world.before = lambda r: unauthorized if r.url.host == "desk.example" and r.url.path != "/token" else None
    world.records.append({"id": "t9", "name": "Thing 9", "at": "2026-01-02T00:00:00Z"})
    run = world.run(settings)
    assert run.stopped is not None and run.stopped.code == "auth-failed" and world.tokens == 4


def test_a_target_that_is_down_ends_the_pass_and_loses_nothing(settings):
    world = World(things(2))
    world.before = lambda r: httpx.Response(503) if r.url.host == "desk.example" and r.url.path != "/token" else None
    run = world.run(settings)
    assert run.stopped is not None and run.stopped.code == "target-down" and not settings.dead_letters.exists()
    world.before = lambda r: None
    assert world.run(settings).ok and len(world.items) == 2


def test_nothing_goes_out_once_it_is_switched_off(settings):
    world = World(things(3))
    off = settings.disable_file

    def before(request):
        if request.method == "POST" and request.url.path == "/items":
            open(off, "w").close()
        return None

    world.before = before
    run = world.run(settings)
    assert run.stopped is not None and run.stopped.code == "disabled"
    assert len(world.items) == 1 and world.seen[-1].method == "POST"


def test_a_second_process_on_one_state_is_refused(settings):
    first = State(settings)
    first.set_bound("f", "1")
    with pytest.raises(Stop, match="cannot be used"):
        State(settings)
    first.close()


def test_credentials_stay_where_they_belong(settings):
    world = World(things(1))
    world.before = lambda r: httpx.Response(307, headers={"location": "https://evil.example/x"}) if r.url.path == "/things" else None
    assert world.run(settings).stopped.code == "redirect-refused"
    link = {"link": '<https://evil.example/things?page=2>; rel="next"'}
    world.before = lambda r: httpx.Response(200, json={"data": []}, headers=link) if r.url.path == "/things" else None
    assert world.run(settings, paging=Paging("link_header")).stopped.code == "foreign-link"
    assert {r.url.host for r in world.seen} == {"shop.example"}


@pytest.mark.parametrize("answer", [
    httpx.Response(200, text='{"data": [{"id": '),
    httpx.Response(200, html="<h1>Maintenance</h1>"),
    httpx.Response(200, json={"ok": False, "error": "temporarily unavailable"}),
    httpx.Response(200),
])
def test_what_cannot_be_read_is_never_taken_for_nothing(settings, answer):
    world = World(things(1))
    answers = [answer]
    world.before = lambda r: answers.pop() if r.url.path == "/things" and answers else None
    assert world.run(settings).ok and len(world.items) == 1


def test_pages_follow_each_other_to_the_end():
    async def read(paging: Paging, answers: List[Any]) -> List[Any]:
        given = iter(answers)
        settings = Settings({"SHOP_KEY": SECRET})
        client = Client(SOURCE, FAST, None, settings, Switch(settings), Log(settings),
                        httpx.MockTransport(lambda r: next(given)))
        found = [record async for page in pages(client, LIST, ("data",), paging, []) for record in page]
        await client.close()
        return found

    def page(data: List[Any], **more: Any) -> httpx.Response:
        return httpx.Response(200, json={"data": data, **more})

    cursor = Paging("cursor", param="c", next=("next",), more=("more",))
    answers = [page([1], next="a", more=True), page([], next="b", more=True), page([2], more=False)]
    assert asyncio.run(read(cursor, answers)) == [1, 2]
    with pytest.raises(Stop, match="gave before"):
        asyncio.run(read(cursor, [page([1], next="a"), page([2], next="a")]))
    number = Paging("page", param="p")
    assert asyncio.run(read(number, [page([1, 2]), page([3]), page([])])) == [1, 2, 3]
    offset = Paging("offset", param="o", total=("total",))
    assert asyncio.run(read(offset, [page([1, 2], total=3), page([3], total=3)])) == [1, 2, 3]


def test_rules_that_need_no_network():
    assert retry.advised({"retry-after": "2"}, 0) == 2
    assert retry.advised({"retry-after": "-1"}, 0) is None and retry.advised({"retry-after": "soon"}, 0) is None
    date = {"retry-after": "Thu, 01 Jan 2026 00:00:03 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    assert retry.advised(date, 0) == 3
    assert retry.exhausted({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4"}, 0) == 4
    assert [retry.kind(s) for s in (204, 307, 401, 429, 501, 503, 422)] == [
        "success", "redirect", "unauthorized", "throttled", "refused", "unknown", "refused"]
    waits = [retry.backoff(Delivery(5, 100, 400, 1000), n) for n in (1, 2, 3, 4) for _ in range(50)]
    assert max(waits) <= 0.4 and min(waits) >= 0 and len(set(waits)) > 100
    assert next_link(['<https://a/?p=1>; rel="prev", <https://a/?p=3,4>; rel="next"']) == "https://a/?p=3,4"
    assert without("https://a/x?key=1&p=2", "key") == "https://a/x?p=2"
    assert envelope({"errors": []}) is None and envelope({"success": False, "message": "slow down"}).kind == "throttled"


def test_requests_are_paced():
    async def paced() -> float:
        loop = asyncio.get_running_loop()
        pace = Pace(Rate(2, 100), Switch(Settings({})), 1)
        began = loop.time()
        for _ in range(5):
            await pace.turn()
        return loop.time() - began

    assert asyncio.run(paced()) >= 0.2


def test_no_log_line_holds_a_secret(settings, capsys):
    world = World(things(1))
    echo = httpx.Response(500, json={"error": f"Bearer {SECRET} token-1"})
    world.before = lambda r: echo if r.url.path == "/items" else None
    world.run(settings)
    said = capsys.readouterr().err
    assert "pass-ended" in said and SECRET not in said and "token-1" not in said
