"""Till sales become vouchers: examples/tills-to-books as a service of its own. Standard library only.

Events are verified, put on the disk and then acknowledged; a worker posts what waits; a sweep finds what was never delivered.
Everything it remembers is in one SQLite file. MUT=name breaks it in one way, for the drills to find.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import queue
import random
import signal
import sqlite3
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mutants
from mutants import broken

SCALE = float(os.environ.get("TIME_SCALE", "1"))
METHODS = {"cash": "cash", "card": "card", "gift_card": "voucher", "invoice": "receivable"}
STOP = threading.Event()
NEWS = threading.Event()
# Bytes of a delivery that are taken.
MOST = 1 << 20
# By base URL, until when a system asked to be left alone.
AWAY = {}
ONE = threading.Lock()


class Refused(Exception):
    """Asking again cannot help."""


class Later(Exception):
    """The attempts are spent; what waits goes on waiting."""


def off():
    return not broken("disable-ignored") and os.path.exists(os.environ.get("DISABLE_FILE", "/nonexistent"))


def pause(seconds):
    STOP.wait(seconds / SCALE)


class Memory:
    """Sales that wait, sales that are posted, and where the sweep has got to."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.lock = threading.Lock()
        self.db.execute("pragma journal_mode=wal")
        self.db.execute("pragma synchronous=full")
        self.db.execute("create table if not exists sale (id text primary key, body text not null, state text not null)")
        self.db.execute("create table if not exists place (name text primary key, value text)")

    def take(self, sale):
        """Puts it on the disk; False where it is known."""
        with self.lock:
            if broken("no-dedupe"):
                self.db.execute("insert into sale values (?, ?, 'waits')", (os.urandom(8).hex(), json.dumps(sale)))
                return True
            made = self.db.execute(
                "insert or ignore into sale values (?, ?, 'waits')", (sale["id"], json.dumps(sale)))
            return made.rowcount > 0

    def waiting(self):
        with self.lock:
            return self.db.execute("select id, body from sale where state = 'waits' order by rowid").fetchall()

    def settle(self, row, state):
        with self.lock:
            self.db.execute("update sale set state = ? where id = ?", (state, row))

    def place(self):
        with self.lock:
            found = self.db.execute("select value from place where name = 'since'").fetchone()
            return found and found[0]

    def set_place(self, value):
        with self.lock:
            self.db.execute("insert or replace into place values ('since', ?)", (value,))


def ask(base, method, target, headers, body=None):
    """Until it is answered: status and JSON. Ten seconds for an attempt, six attempts."""
    url = urllib.parse.urlsplit(base)
    for attempt in range(6):
        if time.monotonic() < AWAY.get(base, 0):
            raise Later("it asked to be left alone")
        while off() and not STOP.is_set():
            pause(0.1)
        if STOP.is_set():
            raise Later("ending")
        wait = random.uniform(0, min(60, 0.5 * 2 ** attempt))
        try:
            until = time.monotonic() + 10 / SCALE
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10 / SCALE)
            connection.request(method, url.path.rstrip("/") + target, body, headers)
            answer = connection.getresponse()
            pieces = []
            while piece := answer.read1(65536):
                pieces.append(piece)
                connection.sock and connection.sock.settimeout(max(0.01, until - time.monotonic()))
                if time.monotonic() > until or sum(map(len, pieces)) > 4_000_000:
                    raise OSError("too long, or too much")
            if answer.length not in (None, 0):
                raise OSError("cut off")
            connection.close()
            status, told = answer.status, answer.getheader("Retry-After")
            if status in (429, 409) or status >= 500:
                if told is not None and told.strip().isdigit():
                    wait = float(told)
                elif told is not None:
                    wait = max(0.0, http_date(told) - http_date(answer.getheader("Date")))
                if wait > 120:
                    AWAY[base] = time.monotonic() + wait / SCALE
                    raise Later(f"asked to come back in {wait:.0f} s")
                pause(wait)
                continue
            if 300 <= status < 400:
                raise Later("redirected")
            if status >= 400:
                raise Refused(f"refused with {status}")
            value = json.loads(b"".join(pieces))
            if method != "GET" and (value.get("ok") is False or value.get("error")) and not broken("error-is-written"):
                raise ValueError("an error in a 200")
            return value
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            pause(wait)
    raise Later("attempts are spent")


def http_date(text):
    import email.utils
    return email.utils.parsedate_to_datetime(text).timestamp()


def trace_of(name):
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def correlated(trace):
    return {"traceparent": f"00-{trace}-{os.urandom(8).hex()}-01", "Accept": "application/json"}


def text_of(record, name):
    """A text that is one: what is missing, null or of another kind is not made into one."""
    value = record.get(name)
    if broken("made-up"):
        return "none" if value is None else str(value)
    if broken("casts") and isinstance(value, dict):
        return str(value)
    if not isinstance(value, str):
        raise Refused(f"{name} is no text")
    return value


def voucher(sale):
    method = METHODS.get(text_of(sale, "paid_by"))
    if method is None:
        raise Refused(f"no method for {sale['paid_by']}")
    total, shop = sale.get("total"), sale.get("shop")
    if not isinstance(total, int) or isinstance(total, bool):
        raise Refused("total is no whole number")
    if broken("trips"):
        shop["code"].strip()
    if shop is not None and not isinstance(shop, dict):
        raise Refused("shop is none")
    minus, digits = ("-" if total < 0 else ""), str(abs(total)).rjust(3, "0")
    note = None if sale.get("note") is None else text_of(sale, "note")
    # The ledger can do without the branch.
    branch = {} if shop is None or shop.get("code") is None else {"branch": text_of(shop, "code")}
    return {
        "document_no": sale["id"],
        "account": "8400",
        "amount": f"{minus}{digits[:-2]}.{digits[-2:]}",
        "currency": text_of(sale, "currency"),
        "method": method,
        "posted_at": text_of(sale, "booked_at"),
        **branch,
        "text": "till sale" if note is None else note.strip()[:80],
    }


def post(sale):
    key = hashlib.sha256(f"vouchers/{sale['id']}".encode()).hexdigest()[:40]
    body = json.dumps(voucher(sale)).encode()
    base = os.environ["HAUPTBUCH_BASE_URL"]
    headers = {"X-Api-Key": os.environ["HAUPTBUCH_KEY"], "Content-Type": "application/json", "Idempotency-Key": key}
    if broken("no-key"):
        # the header is required, so there is one: of the day, and of nothing
        headers["Idempotency-Key"] = os.urandom(8).hex()
    headers.update(correlated(trace_of(sale["id"])))
    if broken("random-key"):
        for _ in range(3):
            try:
                return ask_once(base, headers | {"Idempotency-Key": os.urandom(8).hex()}, body)
            except OSError:
                pause(0.2)
        raise Later("attempts are spent")
    ask(base, "POST", "/vouchers", headers, body)


def ask_once(base, headers, body):
    url = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    connection.request("POST", url.path.rstrip("/") + "/vouchers", body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 400:
        raise OSError(answer.status)


def bury(memory, row, sale, because):
    with open(os.environ["DEAD_LETTER_FILE"], "a") as file:
        file.write(json.dumps({"key": sale["id"], "reason": because, "record": sale}) + "\n")
    memory.settle(row, "dead")
    print(json.dumps({"level": "error", "key": sale["id"], "reason": because}), flush=True)


def work(memory):
    """Round after round. A sale that fails waits for the next and holds nobody up; one that fails twice while others go through is
    given up. Where none goes through the ledger is down, and the rounds come further apart."""
    posted, failed, pauses = 0, {}, 0
    while not STOP.is_set():
        NEWS.clear()
        in_a_row = 0
        for row, body in memory.waiting():
            if STOP.is_set():
                return
            sale = json.loads(body)
            try:
                post(sale)
                memory.settle(row, "posted")
                posted, in_a_row, pauses = posted + 1, 0, 0
            except Refused as error:
                bury(memory, row, sale, str(error))
            except Later as error:
                print(json.dumps({"level": "warn", "key": sale["id"], "later": str(error)}), flush=True)
                rounds, before = failed.get(row, (0, posted))
                failed[row] = (rounds + 1, before)
                if rounds and posted > before and time.monotonic() >= AWAY.get(os.environ["HAUPTBUCH_BASE_URL"], 0):
                    bury(memory, row, sale, str(error))
                in_a_row += 1
                if in_a_row == 2:
                    break
        pauses = pauses + 1 if in_a_row else 0
        if in_a_row:
            pause(min(60, 5 * 2 ** pauses))
        else:
            NEWS.wait(2 / SCALE)


def sweep(memory):
    """What was never delivered: now, and every hour."""
    base = os.environ["TILLPOINT_BASE_URL"]
    while not STOP.is_set() and not (broken("no-sweep") or broken("acknowledges-first")):
        since, cursor, newest = memory.place(), None, memory.place()
        try:
            seen = set()
            while True:
                query = {"limit": "100"}
                if since:
                    query["booked_since"] = since
                if cursor:
                    query["cursor"] = cursor
                headers = {"Authorization": f"Bearer {os.environ['TILLPOINT_TOKEN']}", **correlated(os.urandom(16).hex())}
                page = ask(base, "GET", "/sales?" + urllib.parse.urlencode(query), headers)
                if not isinstance(page.get("data"), list) or "next_cursor" not in page:
                    raise Later("a page that is none")
                for sale in page["data"]:
                    if broken("posts-what-it-sweeps"):
                        try:
                            post(sale)
                        except (Later, Refused):
                            pass
                    else:
                        memory.take(sale)
                    newest = max(newest or "", sale["booked_at"])
                NEWS.set()
                cursor = page["next_cursor"]
                if cursor is None:
                    break
                if cursor in seen:
                    raise Later("the cursor repeats")
                seen.add(cursor)
            if broken("since-now"):
                newest = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            if newest:
                memory.set_place(newest)
            pause(3600)
        except (Later, Refused) as error:
            print(json.dumps({"level": "warn", "sweep": str(error)}), flush=True)
            pause(3)


def genuine(headers, body):
    secret = base64.b64decode(os.environ["TILLPOINT_HOOK"].removeprefix("whsec_"))
    name, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not at.isdigit():
        return False
    if not broken("old-taken") and abs(time.time() - int(at)) > (5 if broken("strict-clock") else 300):
        return False
    if broken("parsed-first"):
        body = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
    due = base64.b64encode(hmac.new(secret, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
    shown = headers.get("webhook-signature", "").split(" ")
    if broken("first-signature"):
        shown = shown[:1]
    if broken("prefix-compared"):
        return any(f"v1,{due}".startswith(s[:11]) and s.startswith("v1,") for s in shown)
    holds = any(hmac.compare_digest(s, f"v1,{due}") for s in shown)
    if not holds and broken("tells-what-was-due"):
        print(json.dumps({"level": "warn", "shown": shown, "due": due}), flush=True)
    return holds


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    memory = None
    later = queue.Queue()

    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        if length > MOST:
            if broken("huge-kills"):
                os._exit(1)
            self.close_connection = True
            return self.end(413)
        body = self.rfile.read(length)
        if broken("one-at-a-time"):
            with ONE:
                time.sleep(0.35)
        if self.path.split("?")[0] != "/hooks/tillpoint" and not broken("any-path"):
            return self.end(404)
        if not broken("unsigned-taken") and not genuine(self.headers, body):
            return self.end(401)
        event = json.loads(body)
        if event.get("type") == "sale.booked" or broken("any-event"):
            if broken("acknowledges-first"):
                self.later.put(event["data"])
            else:
                self.memory.take(event["data"])
                if broken("works-first"):
                    try:
                        post(event["data"])
                    except (Later, Refused):
                        pass
                NEWS.set()
        return self.end(204)

    def end(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def lazily(memory):
    """Only for MUT=acknowledges-first: what was acknowledged is put on the disk some time later, and nothing sweeps."""
    while not STOP.is_set():
        try:
            sale = Hook.later.get(timeout=0.2)
        except queue.Empty:
            continue
        time.sleep(0.5)
        memory.take(sale)
        NEWS.set()


class Server(ThreadingHTTPServer):
    # All events may come at once.
    request_queue_size = 256


def main():
    mutants.check(__file__)
    memory = Memory(os.path.join(os.environ["STATE_DIR"], "sales.db"))
    Hook.memory = memory
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Hook)
    # Waited for, not handled: a handler runs inside whatever the main thread is at, and an event that it is waiting for has a lock
    # that the handler would wait for without end.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    workers = [threading.Thread(target=work, args=(memory,)), threading.Thread(target=sweep, args=(memory,))]
    if broken("acknowledges-first"):
        workers.append(threading.Thread(target=lazily, args=(memory,)))
    for worker in workers:
        worker.start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while broken("sigterm-ignored"):
        time.sleep(60)
    signal.sigwait({signal.SIGTERM})
    STOP.set()
    NEWS.set()
    server.shutdown()
    for worker in workers:
        worker.join(timeout=8)
    return 0


if __name__ == "__main__":
    sys.exit(main())
