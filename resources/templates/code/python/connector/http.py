"""The one place where requests go out: authenticated, paced, traced, bounded in time and size; and where it is decided
whether another attempt helps."""

from __future__ import annotations

import asyncio
import base64
import secrets
import ssl
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Deque, Dict, Iterable, List, Optional, Tuple, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import simplejson

from . import retry
from .log import Log
from .model import Call, Delivery, Rate, System
from .outcome import Again, Dead, Refused, Stop, envelope, says
from .settings import Settings

T = TypeVar("T")
# The largest answer that is read, in bytes.
LARGEST = 32 << 20


class Switch:
    """Whether to go on: SIGTERM, and the file that switches the connector off."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = asyncio.Event()

    def stop(self) -> None:
        self._stop.set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def check(self) -> None:
        """Called before each request: past it, nothing goes out."""
        if self.stopped:
            raise Stop("stopped", "asked to stop; the next run goes on where this one ended")
        if self._settings.disabled:
            raise Stop("disabled", "the disable file is there; no further call goes out")

    async def sleep(self, seconds: float) -> None:
        """Sleeps in scaled time, in short steps, so that both switches are seen."""
        until = time.monotonic() + seconds / self._settings.scale
        while True:
            self.check()
            left = until - time.monotonic()
            if left <= 0:
                return
            try:
                await asyncio.wait_for(self._stop.wait(), min(left, 0.2))
            except asyncio.TimeoutError:
                pass


class Trace:
    """One piece of work: the same trace on every attempt at it, a span of its own for each (W3C Trace Context)."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(16)

    def headers(self) -> Dict[str, str]:
        return {"traceparent": f"00-{self.id}-{secrets.token_hex(8)}-01", "x-correlation-id": self.id}


@dataclass(frozen=True)
class Reply:
    """What came back, whatever it says."""

    status: int
    headers: httpx.Headers
    body: bytes


class Answer:
    """A success."""

    def __init__(self, reply: Reply) -> None:
        self.headers = reply.headers
        self.status = reply.status
        self._type = reply.headers.get("content-type", "").split(";")[0].strip().lower()
        self._body = reply.body.strip()

    @property
    def empty(self) -> bool:
        return not self._body

    def json(self, *, need: bool = True) -> Any:
        """The body as JSON. What cannot be read is never taken for nothing: it raises Again. Without `need`, an empty
        body or a text that claims to be none is None."""
        if self.empty:
            if need:
                raise Again("unexpected-answer", "the answer is empty")
            return None
        if "html" in self._type:
            raise Again("unexpected-answer", f"answered {self._type} where JSON was expected")
        try:
            return simplejson.loads(self._body.decode("utf-8"), use_decimal=True)
        except ValueError:
            is_json = not self._type or self._type in ("application/json", "text/json") or self._type.endswith("+json")
            if need or is_json or self._body.startswith(b"<"):
                raise Again("unexpected-answer", "the JSON cannot be read") from None
            return None


class Breaker:
    """Leaves a system alone while it is down: opens after failures in a row, then lets one request through every so often."""

    def __init__(self, delivery: Delivery, switch: Switch) -> None:
        self._policy, self._switch = delivery.breaker, switch
        self._failures = 0
        self.open = False

    async def leave(self) -> None:
        if self.open and self._policy:
            await self._switch.sleep(self._policy.probe_every_ms / 1000)

    def note(self, down: bool) -> None:
        self._failures = self._failures + 1 if down else 0
        self.open = bool(self._policy) and self._failures >= self._policy.open_after


class Pace:
    """At most so many requests in a window, and none while a server asked to be left alone."""

    def __init__(self, rate: Optional[Rate], switch: Switch, scale: float) -> None:
        self._rate, self._switch, self._scale = rate, switch, scale
        self._sent: Deque[float] = deque()
        self._until = 0.0

    def pause(self, seconds: float) -> None:
        self._until = max(self._until, time.monotonic() + seconds / self._scale)

    async def turn(self) -> None:
        while True:
            now = time.monotonic()
            wait = self._until - now
            if self._rate:
                # A request may take longer to arrive than the one before: a little room keeps the window honest.
                window = self._rate.window_ms / 1000 * 1.05 / self._scale + 0.02
                while self._sent and self._sent[0] <= now - window:
                    self._sent.popleft()
                if len(self._sent) >= self._rate.requests:
                    wait = max(wait, self._sent[0] + window - now)
            if wait <= 0:
                break
            await self._switch.sleep(wait * self._scale)
        self._sent.append(time.monotonic())


class Credential:
    """The credential of a system. One refresh at a time, whoever asks; a refused one is fetched anew once."""

    def __init__(self, client: Client) -> None:
        self._client, self._auth = client, client.system.auth
        self._lock = asyncio.Lock()
        self._token: Optional[str] = None
        self._fresh_until = 0.0
        self.generation = 0

    async def current(self, refused: Optional[int], trace: Trace) -> Optional[str]:
        if self._auth.kind != "client_credentials":
            return None
        async with self._lock:
            stale = self._token is None or time.monotonic() >= self._fresh_until
            if stale or refused == self.generation:
                await self._fetch(trace)
                self.generation += 1
            return self._token

    async def _fetch(self, trace: Trace) -> None:
        client, auth, settings = self._client, self._auth, self._client.settings
        assert auth.client_id and auth.client_secret
        known, secret = settings.secret(auth.client_id), settings.secret(auth.client_secret)
        pair = f"{quote(known, safe='')}:{quote(secret, safe='')}"
        basic = base64.b64encode(pair.encode()).decode()
        settings.hide(basic)
        form = {"grant_type": "client_credentials"}
        if auth.scopes:
            form["scope"] = " ".join(auth.scopes)
        in_form = False

        async def once() -> Reply:
            headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
            fields = dict(form)
            # RFC 6749 section 2.3.1: servers must take HTTP Basic; the few that only read the form say so by refusing.
            if in_form:
                fields.update(client_id=known, client_secret=secret)
            else:
                headers["authorization"] = f"Basic {basic}"
            url = settings.token_url(client.system)
            return await client.send("POST", url, {**headers, **trace.headers()}, urlencode(fields).encode())

        while True:
            try:
                answer = await client.repeat(once, lambda a: a.json(), trace)
                break
            except Refused as e:
                if not in_form and e.status in (400, 401) and ("invalid_client" in e.says or "invalid_request" in e.says):
                    in_form = True
                    continue
                raise Stop("auth-failed", f"{client.system.name} gives no token: {e}") from None
            except Dead as e:
                raise Stop("auth-unavailable", f"no token from {client.system.name}: {e.because}") from None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise Stop("auth-failed", f"{client.system.name} gives no token")
        settings.hide(token)
        try:
            life = max(float(answer.get("expires_in") or 3600), 0.0)
        except (TypeError, ValueError):
            life = 3600.0
        # A tenth of its life early, at most a minute: enough for a request on its way.
        self._token = token
        self._fresh_until = time.monotonic() + (life - min(life / 10, 60.0)) / settings.scale

    def sign(self, headers: Dict[str, str], query: List[Tuple[str, str]], token: Optional[str]) -> None:
        auth, secret = self._auth, self._client.settings.secret
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        elif auth.kind == "bearer" and auth.secret:
            headers["authorization"] = f"Bearer {secret(auth.secret)}"
        elif auth.kind == "basic" and auth.username:
            password = secret(auth.password) if auth.password else ""
            basic = base64.b64encode(f"{secret(auth.username)}:{password}".encode()).decode()
            self._client.settings.hide(basic)
            headers["authorization"] = f"Basic {basic}"
        elif auth.kind == "header_key" and auth.secret:
            headers[auth.name.lower()] = secret(auth.secret)
        elif auth.kind == "query_key" and auth.secret:
            query.append((auth.name, secret(auth.secret)))


class Client:
    """One system of a flow: its address, credential, pace and breaker."""

    def __init__(self, system: System, delivery: Delivery, rate: Optional[Rate], settings: Settings, switch: Switch,
                 log: Log, transport: Optional[httpx.AsyncBaseTransport] = None) -> None:
        self.system, self.delivery, self.settings, self.switch = system, delivery, settings, switch
        self.log = log.bind(system=system.name)
        self.base_url = settings.base_url(system)
        self.pace = Pace(rate, switch, settings.scale)
        self.breaker = Breaker(delivery, switch)
        self.credential = Credential(self)
        # Redirects are not followed: the credential stays where the contract points (RFC 9110 section 15.4).
        self._http = httpx.AsyncClient(transport=transport, follow_redirects=False,
                                       timeout=delivery.timeout_ms / 1000 / settings.scale)

    async def close(self) -> None:
        await self._http.aclose()

    def url(self, call: Call, path: Optional[Dict[str, str]] = None, query: Iterable[Tuple[str, str]] = ()) -> str:
        """The URL of a call, without the credential."""
        fill = {p.name: p.value for p in call.params if p.place == "path"}
        fill.update(path or {})
        out = call.path
        for name, value in fill.items():
            out = out.replace("{" + name + "}", quote(value, safe="-._~"))
        pairs = [(p.name, p.value) for p in call.params if p.place == "query"] + list(query)
        return self.base_url + out + ("?" + _query(pairs) if pairs else "")

    async def send(self, method: str, url: str, headers: Dict[str, str], body: bytes) -> Reply:
        """One request as it is, and the whole answer, within the time that the contract allows in all."""
        self.switch.check()
        await self.pace.turn()
        self.switch.check()
        limit = self.delivery.timeout_ms / 1000 / self.settings.scale

        async def whole() -> Reply:
            async with self._http.stream(method, url, headers=headers, content=body or None) as response:
                read = bytearray()
                async for chunk in response.aiter_bytes():
                    read += chunk
                    if len(read) > LARGEST:
                        raise Refused(response.status_code, "the answer is too large", "answer-too-large")
                return Reply(response.status_code, response.headers, bytes(read))

        try:
            reply = await asyncio.wait_for(whole(), limit)
        except asyncio.TimeoutError:
            raise Again("timeout", f"no whole answer within {self.delivery.timeout_ms} ms") from None
        except httpx.ConnectError as e:
            cause: Optional[BaseException] = e
            while cause is not None:
                if isinstance(cause, ssl.SSLError):
                    raise Stop("tls-refused", f"{self.system.name}: {self.settings.clean(str(e))}") from None
                cause = cause.__cause__ or cause.__context__
            raise Again("no-connection", self.settings.clean(str(e)), unknown=False) from None
        except httpx.HTTPError as e:
            raise Again("connection-lost", self.settings.clean(str(e) or type(e).__name__)) from None
        wait = retry.exhausted(reply.headers, time.time())
        if wait is not None and wait <= retry.LONGEST_WAIT:
            self.pace.pause(wait)
        return reply

    def sort(self, reply: Reply) -> Answer:
        """A success, or why it is none."""
        status = reply.status
        sorted_as = retry.kind(status)
        if sorted_as == "success":
            return Answer(reply)
        wait = retry.advised(reply.headers, time.time())
        try:
            words = says(simplejson.loads(reply.body.decode("utf-8")))
        except ValueError:
            words = ""
        words = self.settings.clean(words)
        because = f"status {status}: {words}" if words else f"status {status}"
        if sorted_as == "throttled":
            raise Again("rate-limited", because, unknown=False, wait=wait, throttled=True)
        if sorted_as == "not_done":
            raise Again("refused-for-now", because, unknown=False, wait=wait)
        if sorted_as == "unknown":
            raise Again("server-error", because, wait=wait, throttled=wait is not None)
        if sorted_as == "redirect":
            raise Stop("redirect-refused", f"{self.system.name} redirects ({status}); set its base URL to where the API is")
        challenge = reply.headers.get("www-authenticate", "")
        if status == 403 and ("insufficient_scope" in challenge or "insufficient_scope" in words):
            raise Stop("scope-missing", f"the credential for {self.system.name} lacks a scope")
        raise Refused(status, words, wait=wait)

    async def attempt(self, call: Call, url: str, trace: Trace, *, body: bytes = b"",
                      headers: Optional[Dict[str, str]] = None) -> Answer:
        """One attempt, and a second one with a renewed credential where the first was answered 401: that one was not done."""
        if not _same_origin(self.base_url, url):
            raise Stop("other-origin", f"a request for {self.system.name} would have gone to another address")
        refused: Optional[int] = None
        while True:
            self.switch.check()
            token = await self.credential.current(refused, trace)
            await self.breaker.leave()
            sent = {"accept": "application/json", **{p.name.lower(): p.value for p in call.params if p.place == "header"}}
            if body:
                sent["content-type"] = call.content_type
            sent.update(headers or {})
            sent.update(trace.headers())
            query: List[Tuple[str, str]] = []
            self.credential.sign(sent, query, token)
            full = url if not query else url + ("&" if "?" in url else "?") + _query(query)
            try:
                reply = await self.send(call.method, full, sent, body)
            except Again:
                self.breaker.note(True)
                raise
            group = retry.kind(reply.status)
            if group not in ("throttled", "not_done"):
                self.breaker.note(group == "unknown")
            if group != "unauthorized":
                return self.sort(reply)
            if refused is not None:
                raise Stop("auth-failed", f"{self.system.name} answers 401 to a fresh credential")
            refused = self.credential.generation
            self.log("warn", "unauthorized", operation=call.id)

    async def back_off(self, again: Again, tries: Tries, trace: Trace) -> None:
        """Waits before another attempt, or says that there is none."""
        policy = self.delivery
        wait = again.wait if policy.honor_retry_after and again.wait else None
        if wait is not None and wait > retry.LONGEST_WAIT:
            raise Stop("retry-after-too-long", f"{self.system.name} asks to wait {wait:.0f} s; run again after that")
        if again.throttled:
            # Being told to wait is no fault of the record, so it has more patience; but not without end.
            tries.throttled += 1
            made = tries.throttled
            if made >= policy.attempts * 8:
                raise Stop("rate-limited", f"{self.system.name} refused {made} attempts at one request: {again.because}")
        else:
            tries.made += 1
            made = tries.made
            if made >= max(policy.attempts, 1):
                if self.breaker.open:
                    # Nothing is wrong with the record: it waits until the system is back.
                    raise Stop("target-down", f"{self.system.name} is down: {again.because}")
                raise Dead("attempts-exhausted", f"{again.because} ({again.code})")
        seconds = retry.backoff(policy, made) if wait is None else wait
        self.log("warn", "retry", code=again.code, because=again.because, attempt=made, wait_ms=int(seconds * 1000),
                 correlation_id=trace.id)
        if again.throttled:
            self.pace.pause(seconds)
        else:
            await self.switch.sleep(seconds)

    async def repeat(self, attempt: Callable[[], Awaitable[Any]], read: Callable[[Answer], T], trace: Trace) -> T:
        """Attempts something that can be repeated without harm until `read` makes something of the answer."""
        tries = Tries()
        while True:
            try:
                answer = await attempt()
                return read(answer if isinstance(answer, Answer) else self.sort(answer))
            except Again as again:
                await self.back_off(again, tries, trace)

    def told(self, body: Any, answer: Answer, **holds: bool) -> None:
        """Raises for an error that is told inside of a success."""
        found = envelope(body, **holds)
        if found is None:
            return
        words = self.settings.clean(found.says)
        because = f"status {answer.status} with an error inside: {words}"
        wait = retry.advised(answer.headers, time.time())
        if found.kind == "throttled":
            raise Again("rate-limited", because, unknown=False, wait=wait, throttled=True)
        if found.kind == "transient":
            raise Again("error-envelope", because, wait=wait)
        if found.kind == "unauthorized":
            raise Stop("auth-failed", f"{self.system.name} does not accept the credential: {words}")
        raise Refused(answer.status, words, "error-envelope")


class Tries:
    """The attempts made for one thing."""

    def __init__(self) -> None:
        self.made = 0
        self.throttled = 0


def _query(pairs: Iterable[Tuple[str, str]]) -> str:
    return "&".join(f"{quote(n, safe='-._~')}={quote(v, safe='-._~')}" for n, v in pairs)


def _same_origin(a: str, b: str) -> bool:
    def origin(url: str) -> Tuple[str, Optional[str], Optional[int]]:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)

    try:
        return origin(a) == origin(b)
    except ValueError:
        return False


def without(url: str, name: str) -> str:
    """The URL without a query parameter: a link may repeat the key that was sent with it."""
    before, mark, query = url.partition("?")
    if not mark:
        return url
    kept = [pair for pair in query.split("&") if parse_qsl(pair, keep_blank_values=True)[:1] and
            parse_qsl(pair, keep_blank_values=True)[0][0] != name]
    return before + ("?" + "&".join(kept) if kept else "")
