"""Billing customers become CRM contacts: examples/billing-to-crm as a job of its own. Standard library only.

Reads all it needs from the environment that `drill --command` gives (docs/black-box.md). One record after the other, a
checkpoint on the disk after each page, one retry loop for every request. MUT=name breaks it in one way, for the drills to find.
"""

import base64
import datetime
import decimal
import email.utils
import hashlib
import http.client
import json
import os
import random
import signal
import sys
import time
import urllib.parse

MUT = os.environ.get("MUT", "")
SCALE = float(os.environ.get("TIME_SCALE", "1"))
ATTEMPTS = 8
BASE, CAP = 0.5, 60.0
MOST = 8 * 1024 * 1024
STAGES = {"active": "customer", "trialing": "lead", "canceled": "churned", "past_due": "at_risk"}
MINOR = {"JPY": 0, "KWD": 3}

stopping = False


def on_term(*_):
    global stopping
    stopping = True


if MUT != "sigterm-ignored":
    signal.signal(signal.SIGTERM, on_term)
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Stopped(Exception):
    """Switched off, or asked to end."""


class GaveUp(Exception):
    """The system did not answer as it should, however often it was asked."""


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
    if MUT != "disable-ignored" and os.path.exists(os.environ.get("DISABLE_FILE", "/nonexistent")):
        raise Stopped("switched off")


def retry_after(headers):
    text = headers.get("retry-after")
    if text is None:
        return None
    if MUT == "no-retry-after":
        return None
    if text.strip().isdigit():
        return float(text)
    if MUT == "seconds-only":
        return 0.0
    try:
        until = email.utils.parsedate_to_datetime(text)
        now = headers.get("date")
        now = email.utils.parsedate_to_datetime(now) if now else datetime.datetime.now(datetime.timezone.utc)
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None


def backoff(attempt):
    if MUT == "no-backoff":
        return 0.0
    return random.uniform(0, min(CAP, BASE * 2 ** attempt))


class System:
    """One system behind its base URL: keeps a connection, retries what may be retried."""

    def __init__(self, base, authorize):
        self.base = urllib.parse.urlsplit(base)
        self.authorize = authorize
        self.connection = None

    def once(self, method, target, body, headers):
        """One attempt; status, headers and body. A total deadline of ten seconds."""
        limit = None if MUT == "no-timeout" else 10.0 / SCALE
        until = time.monotonic() + (limit or 1e9)
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.base.hostname, self.base.port, timeout=limit)
        try:
            path = self.base.path.rstrip("/") + target
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            taken = bytearray()
            while True:
                if self.connection.sock is not None and limit and MUT != "no-body-deadline":
                    self.connection.sock.settimeout(max(0.01, until - time.monotonic()))
                piece = answer.read1(65536) if MUT != "no-body-deadline" else answer.read()
                if not piece:
                    break
                taken += piece
                if time.monotonic() > until and MUT != "no-body-deadline":
                    raise TimeoutError("the whole answer took too long")
                if len(taken) > MOST and MUT != "no-body-bound":
                    raise ValueError("the answer is too large")
            # read1 does not tell an early end from the end
            if answer.length not in (None, 0) and MUT != "truncation-unseen":
                raise http.client.IncompleteRead(bytes(taken))
            answer.close()  # read1 leaves it open, and the connection with it
            found = {name.lower(): value for name, value in answer.getheaders()}
            if answer.will_close:
                self.close()
            return answer.status, found, bytes(taken)
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
        limit = 100000 if MUT == "endless-retries" else ATTEMPTS
        while attempt < limit:
            may_go_on()
            if MUT == "trace-per-attempt" and attempt:
                trace = os.urandom(16).hex()
            sent = {"Accept": "application/json", **self.authorize(), **(headers or {})}
            if MUT != "no-correlation":
                sent["traceparent"] = f"00-{trace}-{os.urandom(8).hex()}-01"
            if body is not None:
                sent["Content-Type"] = "application/json"
            attempt += 1
            try:
                status, found, taken = self.once(method, target, body, sent)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if MUT == "network-error-fatal":
                    raise GaveUp(f"{method} {target}: {error!r}")
                last = repr(error)
                sleep(backoff(attempt - 1))
                continue
            if status in (301, 302, 303, 307, 308) and MUT == "follows-redirects":
                url = urllib.parse.urlsplit(found["location"])
                other = System(f"http://{url.netloc}", self.authorize)
                status, found, taken = other.once(method, url.path + "?" + url.query, body, sent)
            if status == 401 and not refreshed and MUT != "token-fatal":
                refreshed = True
                self.authorize(renew=True)
                continue
            if status == 429 and MUT == "429-permanent" or status >= 500 and MUT == "5xx-permanent":
                raise Refused(status, taken)
            if status in (408, 425, 429) or status >= 500:
                last = f"answered {status}"
                told = retry_after(found)
                sleep(told if told is not None else backoff(attempt - 1))
                continue
            if 400 <= status < 500:
                if MUT == "retries-client-errors":
                    last = f"answered {status}"
                    sleep(backoff(0))
                    continue
                raise Refused(status, taken)
            if status >= 300:
                raise GaveUp(f"{method} {target} was redirected")
            if MUT == "any-2xx-is-success" and method != "GET":
                return {}
            try:
                value = json.loads(taken, parse_float=decimal.Decimal)
                if not isinstance(value, dict):
                    raise ValueError("not an object")
                return value
            except ValueError as error:
                if MUT == "parse-error-is-empty":
                    return {}
                last = f"not JSON: {error}"
                sleep(backoff(attempt - 1))
        raise GaveUp(f"{method} {target}: {attempt} attempts, last: {last}")


def bearer(token):
    return lambda renew=False: {"Authorization": f"Bearer {token}"}


class Client:
    """OAuth 2 client credentials."""

    def __init__(self, url, identity, secret):
        self.url, self.identity, self.secret = url, identity, secret
        self.token = None

    def __call__(self, renew=False):
        if self.token is None or renew:
            url = urllib.parse.urlsplit(self.url)
            pair = base64.b64encode(f"{self.identity}:{self.secret}".encode()).decode()
            form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "contacts.read contacts.write"})
            asking = System(f"{url.scheme}://{url.netloc}", lambda renew=False: {})
            for attempt in range(ATTEMPTS):
                status, found, taken = asking.once("POST", url.path, form.encode(), {
                    "Authorization": f"Basic {pair}",
                    "Content-Type": "application/x-www-form-urlencoded",
                })
                if status == 200:
                    self.token = json.loads(taken)["access_token"]
                    break
                sleep(retry_after(found) or backoff(attempt))
            else:
                raise GaveUp("no token")
            if MUT == "token-in-log":
                log(level="debug", token=self.token)
        return {"Authorization": f"Bearer {self.token}"}


class State:
    """What is kept over a crash: written aside and renamed."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "contacts.json")
        self.kept = {"since": None, "done": {}}
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.kept = json.load(file)

    def save(self):
        aside = self.path + ".new"
        with open(aside, "w") as file:
            json.dump(self.kept, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, self.path)


def mapped(customer):
    stage = STAGES.get(customer["status"])
    if stage is None:
        if MUT == "enum-guessed":
            stage = "customer"
        elif MUT == "enum-crashes":
            raise KeyError(customer["status"])
        else:
            raise ValueError(f"status {customer['status']} has no stage")
    words = customer["name"].strip().split(" ")
    places = MINOR.get(customer["currency"], 2)
    if MUT == "float-money":
        balance = str(customer["balance"] * 0.01)
    else:
        balance = str(decimal.Decimal(customer["balance"]).scaleb(-places))
        if "E" in balance:
            balance = format(decimal.Decimal(balance), "f")
    contact = {
        "email": customer["email"].strip().lower(),
        "first_name": words[0][:100],
        "last_name": words[-1][:100],
        "balance": balance,
        "currency": customer["currency"],
        "stage": stage,
        "origin": "billing",
        "external_id": customer["id"],
    }
    if MUT == "email-case":
        contact["email"] = customer["email"].strip().upper()
    return contact


def push(crm, customer, contact, trace):
    key = hashlib.sha256(f"contacts:{customer['id']}".encode()).hexdigest()[:40]
    query = urllib.parse.urlencode({"email": contact["email"]})
    if MUT == "no-look-up":
        found = []
    else:
        answer = crm.call("GET", f"/v2/contacts/search?{query}", trace=trace)
        found = answer.get("results", [] if MUT in ("parse-error-is-empty", "envelope-is-empty") else None)
        if found is None:
            raise GaveUp("a search without results")
    if found:
        crm.call("PATCH", f"/v2/contacts/{found[0]['id']}", contact, trace=trace)
    else:
        crm.call("POST", "/v2/contacts", contact, {"Idempotency-Key": key}, trace=trace)


def bury(customer, reason):
    if MUT in ("swallows", "swallows-quietly"):
        return
    with open(os.environ["DEAD_LETTER_FILE"], "a") as file:
        file.write(json.dumps({"key": customer["id"], "reason": str(reason), "record": customer}, default=str) + "\n")
        file.flush()
        os.fsync(file.fileno())
    log(level="error", key=customer["id"], reason=str(reason))


def newer(customer, since):
    return since is None or (customer["updated_at"] > since if MUT == "exclusive-boundary" else customer["updated_at"] >= since)


def run():
    billing = System(os.environ["BILLING_BASE_URL"], bearer(os.environ["BILLING_TOKEN"]))
    crm = System(
        os.environ["CRM_BASE_URL"],
        Client(os.environ["CRM_TOKEN_URL"], os.environ["CRM_CLIENT_ID"], os.environ["CRM_CLIENT_SECRET"]),
    )
    state = State(os.environ["STATE_DIR"])
    since, done = state.kept["since"], state.kept["done"]
    if MUT == "no-checkpoint":
        since, done = None, {}
    cursor, seen_cursors = None, set()
    buried = 0
    highest = since
    while True:
        query = {"limit": os.environ.get("PAGE_SIZE", "100") if MUT == "stops-at-short-page" else "100"}
        if since is not None:
            query["updated[gte]"] = since
        if cursor is not None:
            query["cursor"] = cursor
        page = billing.call("GET", "/v1/customers?" + urllib.parse.urlencode(query))
        if "data" not in page or "has_more" not in page:
            if MUT not in ("envelope-is-empty", "parse-error-is-empty"):
                raise GaveUp("a page without data")
            page = {"data": [], "has_more": False}
        customers = [c for c in page["data"] if newer(c, since)]
        if MUT == "checkpoint-before-write" and customers:
            state.kept["since"] = max(c["updated_at"] for c in page["data"])
            for customer in customers:
                done[customer["id"]] = hashlib.sha256(json.dumps(customer, sort_keys=True, default=str).encode()).hexdigest()
            state.save()
        for customer in customers:
            digest = hashlib.sha256(json.dumps(customer, sort_keys=True, default=str).encode()).hexdigest()
            if done.get(customer["id"]) == digest and MUT != "checkpoint-before-write":
                continue
            trace = hashlib.sha256(f"{customer['id']}{digest}".encode()).hexdigest()[:32]
            try:
                contact = mapped(customer)
            except ValueError as error:
                bury(customer, error)
                buried += 1
                done[customer["id"]] = digest
                continue
            try:
                push(crm, customer, contact, trace)
            except Refused as error:
                bury(customer, error)
                buried += 1
            except GaveUp as error:
                if MUT != "swallows":
                    raise
                log(level="error", lost=str(error))
            done[customer["id"]] = digest
            state.save()
        if customers:
            highest = max([c["updated_at"] for c in customers] + ([highest] if highest else []))
        if MUT == "stops-at-empty-page" and not page["data"]:
            break
        if MUT == "stops-at-short-page" and len(page["data"]) < int(query["limit"]):
            break
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
        if cursor in seen_cursors and MUT != "cursor-loop":
            raise GaveUp("the cursor repeats")
        seen_cursors.add(cursor)
    state.kept["since"] = highest
    state.save()
    return buried


def main():
    try:
        buried = run()
    except Stopped as stopped:
        log(level="warn", stopped=str(stopped))
        return 3
    except (GaveUp, Refused) as error:
        log(level="error", failed=str(error))
        return 0 if MUT == "always-success" else 1
    log(level="info", ended="all is delivered" if not buried else f"{buried} dead letters")
    return 0 if not buried or MUT in ("always-success", "swallows-quietly", "swallows") else 2


if __name__ == "__main__":
    sys.exit(main())
