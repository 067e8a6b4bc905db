"""Billing customers become CRM contacts: examples/billing-to-crm as a job of its own. Standard library only.

Reads all it needs from the environment that `drill --command` gives (docs/black-box.md). One record after the other, a
checkpoint on the disk after each page, one retry loop for every request. MUT=name breaks it in one way, for the drills to find.
"""

import base64
import contextlib
import datetime
import decimal
import email.utils
import fcntl
import hashlib
import http.client
import json
import os
import random
import signal
import sys
import time
import urllib.parse
import zlib

import mutants
from mutants import broken

SCALE = float(os.environ.get("TIME_SCALE", "1"))
ATTEMPTS = 6
# Of a server that asks for more, in seconds, it is not waited for: the next run comes later.
PATIENCE = 120.0
# Records given up one after the other: no record is to blame then, but the target.
IN_A_ROW = 2
BASE, CAP = 0.5, 60.0
MOST = 8 * 1024 * 1024
STAGES = {"active": "customer", "trialing": "lead", "canceled": "churned", "past_due": "at_risk"}
MINOR = {"JPY": 0, "KWD": 3}

stopping = False


def on_term(*_):
    global stopping
    stopping = True


if not broken("sigterm-ignored"):
    signal.signal(signal.SIGTERM, on_term)
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Stopped(Exception):
    """Switched off, or asked to end."""


class GaveUp(Exception):
    """The system did not answer as it should, however often it was asked."""


class Away(GaveUp):
    """The system asks to be left alone for longer than a run lasts, so many seconds."""

    def __init__(self, text, seconds):
        super().__init__(text)
        self.seconds = seconds


class Refused(Exception):
    """The request is wrong; asking again cannot help."""

    def __init__(self, status, body):
        super().__init__(f"refused with {status}")
        self.status, self.body = status, body


def sleep(seconds):
    time.sleep(max(0.0, seconds) / SCALE)


def log(**fields):
    print(json.dumps(fields), flush=True)


def may_go_on():
    if stopping:
        raise Stopped("asked to end")
    if not broken("disable-ignored") and os.path.exists(os.environ.get("DISABLE_FILE", "/nonexistent")):
        raise Stopped("switched off")


def retry_after(headers):
    text = headers.get("retry-after")
    if text is None:
        return None
    if broken("no-retry-after"):
        return None
    if text.strip().isdigit():
        return float(text)
    if broken("seconds-only"):
        return 0.0
    try:
        until = email.utils.parsedate_to_datetime(text)
        now = headers.get("date")
        now = email.utils.parsedate_to_datetime(now) if now else datetime.datetime.now(datetime.timezone.utc)
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None


def backoff(attempt):
    if broken("no-backoff"):
        return 0.0
    if broken("no-jitter"):
        return min(CAP, BASE * 2 ** attempt)
    return random.uniform(0, min(CAP, BASE * 2 ** attempt))


def unpacked(body, coding):
    if coding in (None, "", "identity") or broken("packed-as-is"):
        return body
    if coding != "gzip":
        raise ValueError(f"content-encoding {coding}")
    unpacking = zlib.decompressobj(31)
    try:
        whole = unpacking.decompress(body, MOST)
    except zlib.error as error:
        raise ValueError(f"not gzip: {error}") from error
    if not unpacking.eof:
        raise ValueError("the answer is too large, or cut off")
    return whole


def whole_ones(text):
    """The records that stand whole in a list that was cut off."""
    text, out = text.decode(errors="ignore").partition('"data":')[2].lstrip(" ["), []
    while text.startswith("{"):
        try:
            record, end = json.JSONDecoder(parse_float=decimal.Decimal).raw_decode(text)
        except ValueError:
            break
        out.append(record)
        text = text[end:].lstrip(" ,")
    return out


class System:
    """One system behind its base URL: keeps a connection, retries what may be retried."""

    def __init__(self, base, authorize):
        self.base = urllib.parse.urlsplit(base)
        self.authorize = authorize
        self.connection = None
        self.retries = 0

    def once(self, method, target, body, headers):
        """One attempt; status, headers and body. A total deadline of ten seconds."""
        limit = None if broken("no-timeout") else 10.0 / SCALE
        until = time.monotonic() + (limit or 1e9)
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.base.hostname, self.base.port, timeout=limit)
        try:
            path = self.base.path.rstrip("/") + target
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            taken = bytearray()
            while True:
                if self.connection.sock is not None and limit and not broken("no-body-deadline"):
                    self.connection.sock.settimeout(max(0.01, until - time.monotonic()))
                try:
                    piece = answer.read1(65536) if not broken("no-body-deadline") else answer.read()
                except http.client.IncompleteRead:
                    if not broken("short-read-is-page"):
                        raise
                    break
                if not piece:
                    break
                taken += piece
                if time.monotonic() > until and not broken("no-body-deadline"):
                    raise TimeoutError("the whole answer took too long")
                if len(taken) > MOST and not broken("no-body-bound"):
                    raise ValueError("the answer is too large")
            # read1 does not tell an early end from the end
            if answer.length not in (None, 0) and not broken("short-read-is-page"):
                raise http.client.IncompleteRead(bytes(taken))
            answer.close()  # read1 leaves it open, and the connection with it
            found = {name.lower(): value for name, value in answer.getheaders()}
            if answer.will_close:
                self.close()
            return answer.status, found, unpacked(bytes(taken), found.get("content-encoding"))
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def call(self, method, target, payload=None, headers=None, trace=None):
        """Until it is answered; a JSON value."""
        trace = trace or os.urandom(16).hex()
        body = None if payload is None else json.dumps(payload).encode()
        refreshed = False
        last = "no attempt"
        attempt = 0
        limit = 100000 if broken("endless-retries") else ATTEMPTS
        while attempt < limit:
            may_go_on()
            if broken("trace-per-attempt") and attempt:
                trace = os.urandom(16).hex()
            sent = {"Accept": "application/json", "Accept-Encoding": "gzip", **self.authorize(), **(headers or {})}
            if not broken("no-correlation"):
                sent["traceparent"] = f"00-{trace}-{os.urandom(8).hex()}-01"
            if broken("token-in-baggage"):
                sent["Baggage"] = "caller=" + sent["Authorization"].removeprefix("Bearer ")
            if body is not None:
                sent["Content-Type"] = "application/json"
            attempt += 1
            self.retries += attempt > 1
            try:
                status, found, taken = self.once(method, target, body, sent)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if broken("closed-is-refused") and isinstance(error, ConnectionError):
                    raise Refused(0, b"")
                if broken("network-error-fatal"):
                    raise GaveUp(f"{method} {target}: {error!r}")
                last = repr(error)
                sleep(backoff(attempt - 1))
                continue
            if status in (301, 302, 303, 307, 308) and broken("follows-redirects"):
                url = urllib.parse.urlsplit(found["location"])
                other = System(f"http://{url.netloc}", self.authorize)
                status, found, taken = other.once(method, url.path + "?" + url.query, body, sent)
            if status == 401 and not refreshed and not broken("token-fatal"):
                refreshed = True
                self.authorize(renew=True)
                continue
            if status == 429 and broken("429-permanent") or status >= 500 and broken("5xx-permanent"):
                raise Refused(status, taken)
            if status == 403 and broken("forbidden-is-done"):
                return {"results": []}
            if status in (408, 425, 429) or status >= 500:
                last = f"answered {status}"
                told = retry_after(found)
                if told is not None and told > PATIENCE and broken("comes-back-early"):
                    told = 1.0
                elif told is not None and told > PATIENCE and not broken("sleeps-for-hours"):
                    raise Away(f"{method} {target.split('?')[0]}: asked to come back in {told:.0f} s", told)
                sleep(told if told is not None else backoff(attempt - 1))
                continue
            if 400 <= status < 500:
                if broken("retries-client-errors"):
                    last = f"answered {status}"
                    sleep(backoff(0))
                    continue
                raise Refused(status, taken)
            if status >= 300:
                raise GaveUp(f"{method} {target} was redirected")
            if status == 204 or status == 202 and not taken or broken("any-2xx-is-success") and method != "GET":
                return {}
            try:
                value = json.loads(taken, parse_float=decimal.Decimal)
                if not isinstance(value, dict):
                    raise ValueError("not an object")
                if method != "GET" and (value.get("ok") is False or value.get("error")) and not broken("error-is-written"):
                    raise ValueError("an error in a 200")
                return value
            except ValueError as error:
                if broken("parse-error-is-empty"):
                    return {}
                if broken("short-read-is-page") and method == "GET":
                    return {"data": whole_ones(taken), "has_more": False}
                last = f"not JSON: {error}"
                sleep(backoff(attempt - 1))
        raise GaveUp(f"{method} {target}: {attempt} attempts, last: {last}")


def bearer(token):
    return lambda renew=False: {"Authorization": f"Bearer {token}"}


class Client:
    """OAuth 2 client credentials; or, with somebody's consent, a refresh token that is good for one use."""

    def __init__(self, url, identity, secret, consent=None):
        self.url, self.identity, self.secret, self.consent = url, identity, secret, consent
        self.token = None

    def form(self):
        if self.consent:
            return {"grant_type": "refresh_token", "refresh_token": self.consent.token}
        return {"grant_type": "client_credentials", "scope": "contacts.read contacts.write"}

    def __call__(self, renew=False):
        if self.token is None or renew:
            url = urllib.parse.urlsplit(self.url)
            pair = base64.b64encode(f"{self.identity}:{self.secret}".encode()).decode()
            form = urllib.parse.urlencode(self.form())
            asking = System(f"{url.scheme}://{url.netloc}", lambda renew=False: {})
            for attempt in range(25 if broken("token-loop") else ATTEMPTS):
                status, found, taken = asking.once("POST", url.path, form.encode(), {
                    "Authorization": f"Basic {pair}",
                    "Content-Type": "application/x-www-form-urlencoded",
                })
                if status == 200:
                    answer = json.loads(taken)
                    if self.consent:
                        self.consent.follow(answer.get("refresh_token"))
                    self.token = answer["access_token"]
                    break
                if 400 <= status < 500 and status != 429 and not broken("token-loop"):
                    raise GaveUp(f"no token: answered {status}")
                sleep(retry_after(found) or backoff(attempt))
            else:
                raise GaveUp("no token")
            if broken("token-in-log"):
                log(level="debug", token=self.token)
        return {"Authorization": f"Bearer {self.token}"}


class Consent:
    """The refresh token of today: what follows it is kept before the access token that came with it is used."""

    def __init__(self, directory, first):
        self.path = os.path.join(directory, "consent.json")
        # Another consent, and all that followed from the one before is void.
        self.of = hashlib.sha256(first.encode()).hexdigest()
        self.token = first
        if os.path.exists(self.path):
            with open(self.path) as file:
                kept = json.load(file)
            self.token = kept["token"] if kept["of"] == self.of else first

    def follow(self, token):
        if token is None:
            return
        if not broken("consent-forgotten"):
            self.token = token
        if not broken("consent-not-kept"):
            write_aside(self.path, {"of": self.of, "token": self.token})


def write_aside(path, value):
    """Written aside and renamed: at any moment there is the one or the other."""
    aside = path if broken("state-in-place") else path + ".new"
    with open(aside, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


class State:
    """What is kept over a crash."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "contacts.json")
        self.kept = {"since": None, "done": {}}
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.kept = json.load(file)

    def save(self):
        write_aside(self.path, self.kept)


def text_of(customer, name):
    """A text that is one: what is missing, null or of another kind is not made into one."""
    value = customer.get(name)
    if broken("made-up") and value is None:
        value = {"name": "Unknown", "currency": "USD"}.get(name)
    if broken("nulls-written") and value is None:
        return "None"
    if broken("casts") and isinstance(value, dict):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is no text")
    return value


def cut(word):
    """A hundred characters of it."""
    if broken("cuts-bytes"):
        return word.encode()[:100].decode(errors="ignore")
    if broken("cuts-units"):
        return word.encode("utf-16-le")[:200].decode("utf-16-le", errors="ignore")
    return word[:100]


def mapped(customer):
    status = text_of(customer, "status")
    stage = STAGES.get(status)
    if stage is None:
        if broken("enum-guessed"):
            stage = "customer"
        elif broken("enum-crashes"):
            raise KeyError(status)
        else:
            raise ValueError(f"status {status} has no stage")
    words = text_of(customer, "name").strip().split(" ")
    currency, minor = text_of(customer, "currency"), customer.get("balance")
    if minor is None and broken("made-up"):
        minor = 0
    if not isinstance(minor, int) or isinstance(minor, bool):
        raise ValueError("balance is no whole number")
    if broken("float-money"):
        balance = str(minor * 0.01)
    elif broken("double-money"):
        balance = format(decimal.Decimal(int(float(minor))).scaleb(-MINOR.get(currency, 2)), "f")
    else:
        balance = format(decimal.Decimal(minor).scaleb(-MINOR.get(currency, 2)), "f")
    email = text_of(customer, "email").strip()
    return {
        "email": email.upper() if broken("email-case") else email.lower(),
        "first_name": cut(words[0]),
        "last_name": cut(words[-1]),
        "balance": balance,
        "currency": currency,
        "stage": stage,
        "origin": "billing",
        "external_id": customer["id"],
    }


def push(crm, customer, contact, trace):
    """Looks up, then updates or creates. A conflict tells that somebody made it meanwhile, or is at it, and 404 that somebody
    deleted it: it is looked up again."""
    name = customer["id"].lower() if broken("key-without-case") else customer["id"]
    key = hashlib.sha256(f"contacts:{name}".encode()).hexdigest()[:40]
    query = urllib.parse.urlencode({"email": contact["email"]})
    for look in range(4):
        if broken("no-look-up"):
            found = []
        else:
            answer = crm.call("GET", f"/v2/contacts/search?{query}", trace=trace)
            found = answer.get("results", [] if (broken("parse-error-is-empty") or broken("envelope-is-empty")) else None)
            if found is None:
                raise GaveUp("a search without results")
        try:
            if found and broken("never-updates"):
                return
            if broken("writes-beside"):
                contact = {**contact, "phone": customer.get("phone") or "none"}
            if found:
                crm.call("PATCH", f"/v2/contacts/{found[0]['id']}", contact, trace=trace)
            else:
                crm.call("POST", "/v2/contacts", contact, {"Idempotency-Key": key}, trace=trace)
            return
        except Refused as error:
            if error.status in (404, 410) and found and broken("gone-is-done"):
                return
            gone = error.status in (404, 410) and found
            if not gone and (error.status != 409 or found) or look == 3 or broken("conflict-is-final"):
                raise
            sleep(backoff(look))


def bury(customer, reason):
    if (broken("swallows") or broken("swallows-quietly")):
        return
    why = "" if broken("no-reason") else str(reason)
    with open(os.environ["DEAD_LETTER_FILE"], "a") as file:
        file.write(json.dumps({"key": customer["id"], "reason": why, "record": customer}, default=str) + "\n")
        file.flush()
        os.fsync(file.fileno())
    log(level="error", key=customer["id"], reason=str(reason))


def newer(customer, since):
    return since is None or (customer["updated_at"] > since if broken("exclusive-boundary") else customer["updated_at"] >= since)


def digest_of(customer):
    return hashlib.sha256(json.dumps(customer, sort_keys=True, default=str).encode()).hexdigest()


def run():
    billing = System(os.environ["BILLING_BASE_URL"], bearer(os.environ["BILLING_TOKEN"]))
    first = os.environ.get("CRM_REFRESH_TOKEN")
    consent = Consent(os.environ["STATE_DIR"], first) if first else None
    crm = System(
        os.environ["CRM_BASE_URL"],
        Client(os.environ["CRM_TOKEN_URL"], os.environ["CRM_CLIENT_ID"], os.environ["CRM_CLIENT_SECRET"], consent),
    )
    state = State(os.environ["STATE_DIR"])
    # done: of each customer the digest of its last form, when that was made, and the address that it went to
    since, done = state.kept["since"], state.kept["done"]
    if broken("no-checkpoint"):
        since, done = None, {}
    cursor, seen_cursors = None, set()
    buried, failed, in_a_row = 0, 0, 0
    letters = []
    highest = since

    def set_aside(customer, error):
        nonlocal buried
        buried += 1
        if broken("letters-at-the-end"):
            letters.append((customer, error))
        else:
            bury(customer, error)

    while True:
        query = {"limit": os.environ.get("PAGE_SIZE", "100") if broken("stops-at-short-page") else "100"}
        if since is not None:
            query["updated[gte]"] = since
        if cursor is not None:
            query["cursor"] = cursor
        page = billing.call("GET", "/v1/customers?" + urllib.parse.urlencode(query))
        if "data" not in page or "has_more" not in page:
            if not (broken("envelope-is-empty") or broken("parse-error-is-empty")):
                raise GaveUp("a page without data")
            page = {"data": [], "has_more": False}
        customers = [c for c in page["data"] if newer(c, since)]
        if broken("checkpoint-before-write") and customers:
            state.kept["since"] = max(c["updated_at"] for c in page["data"])
            for customer in customers:
                done[customer["id"]] = {"digest": digest_of(customer), "at": customer["updated_at"]}
            state.save()
        for customer in customers:
            digest, known = digest_of(customer), done.get(customer["id"], {})
            if known.get("digest") == digest and not broken("checkpoint-before-write"):
                continue
            if known.get("at", "") > customer["updated_at"] and not broken("older-wins"):
                continue  # an older form that comes late
            if known.get("over"):
                continue
            if known and broken("done-once"):
                continue
            form = digest_of({name: value for name, value in customer.items() if name != "updated_at"})
            if broken("sent-once") and form in known.get("all", []):
                continue  # whatever came after it
            trace = hashlib.sha256(f"{customer['id']}{digest}".encode()).hexdigest()[:32]
            settled = {"digest": digest, "at": customer["updated_at"]}
            if broken("sent-once"):
                settled["all"] = [*known.get("all", []), form]
            try:
                contact = mapped(customer)
                twins = [key for key, one in done.items() if one.get("email") == contact["email"] and key != customer["id"]]
                if twins and not broken("merges-twins"):
                    raise ValueError(f"customer {twins[0]} has the same email")
                settled["email"] = contact["email"]
                before = crm.retries
                push(crm, customer, contact, trace)
                if broken("letter-per-retry") and crm.retries > before:
                    set_aside(customer, "it failed at first")
                in_a_row = 0
            except (ValueError, Refused) as error:
                set_aside(customer, error)
                if broken("dead-forever"):
                    settled["over"] = True
            except Away:
                raise
            except GaveUp as error:
                in_a_row += 1
                log(level="error", key=customer["id"], failed=str(error))
                if not broken("swallows"):
                    # It is tried again by the next run, and holds nobody up in this one.
                    failed += 1
                    if in_a_row >= IN_A_ROW or broken("stops-at-the-first"):
                        raise
                    continue
            done[customer["id"]] = settled
            state.save()
        if customers:
            highest = max([c["updated_at"] for c in customers] + ([highest] if highest else []))
        if broken("stops-at-empty-page") and not page["data"]:
            break
        if broken("stops-at-short-page") and len(page["data"]) < int(query["limit"]):
            break
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
        if cursor in seen_cursors and not broken("cursor-loop"):
            raise GaveUp("the cursor repeats")
        seen_cursors.add(cursor)
    for customer, error in letters:
        bury(customer, error)
    if failed:
        raise GaveUp(f"{failed} to be tried again")
    state.kept["since"] = highest
    state.save()
    return buried


@contextlib.contextmanager
def alone():
    """A second process with the same state is refused; the lock goes with the process, however that ends."""
    with open(os.path.join(os.environ["STATE_DIR"], "lock"), "w") as file:
        if not broken("no-lock"):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Stopped("another process is at work") from None
        yield


def main():
    mutants.check(__file__)
    try:
        with alone():
            buried = run()
    except Stopped as stopped:
        log(level="warn", stopped=str(stopped))
        return 3
    except (GaveUp, Refused) as error:
        log(level="error", failed=str(error))
        return 0 if broken("always-success") else 1
    log(level="info", ended="all is delivered" if not buried else f"{buried} dead letters")
    return 0 if not buried or (broken("always-success") or broken("swallows-quietly") or broken("swallows")) else 2


if __name__ == "__main__":
    sys.exit(main())
