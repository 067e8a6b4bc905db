"""Changes of customers, as a shop sends them, become contacts: changes.yaml as a service. Standard library only.

Events are verified by the secret of now or the one before, put on the disk and then acknowledged; one worker takes them in the
order in which they came, so that of two changes of a customer the later stands. MUT=name breaks it in one way.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import contacts
import mutants
from contacts import GaveUp, Refused, log
from mutants import broken

MOST = 1 << 20
STATES = {"open": "customer", "closed": "churned"}
NEWS = threading.Event()


class Memory:
    """Events that wait, and of each customer the version that was written last and its address."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.lock = threading.Lock()
        self.db.execute("pragma journal_mode=wal")
        self.db.execute("pragma synchronous=full")
        self.db.execute("create table if not exists event (id text primary key, body text not null, waits integer not null)")
        self.db.execute("create table if not exists written (key text primary key, version text, email text)")

    def ask(self, statement, *values):
        with self.lock:
            return self.db.execute(statement, values).fetchall()


def contact_of(customer):
    def text(name):
        if not isinstance(customer.get(name), str) or not customer[name].strip():
            raise ValueError(f"{name} is no text")
        return customer[name]

    if text("state") not in STATES:
        raise ValueError(f"no stage for {customer['state']}")
    return {
        "email": text("email").strip().lower(),
        "first_name": text("first"),
        "last_name": text("last"),
        "balance": "0.00",
        "currency": "USD",
        "stage": STATES[customer["state"]],
        "origin": "billing",
        "external_id": customer["id"],
    }


def settle(memory, crm, customer):
    """Writes a change, unless a later one was written before it."""
    key, version = customer["id"], customer["changed_at"]
    found = memory.ask("select version from written where key = ?", key)
    late = found and (found[0][0] > version or found[0][0] == version and broken("first-stands"))
    if late and not broken("last-wins") and not broken("side-by-side"):
        return
    contact = contact_of(customer)
    twins = memory.ask("select key from written where email = ? and key <> ?", contact["email"], key)
    if twins and not broken("merges-twins"):
        raise ValueError(f"customer {twins[0][0]} has the same email")
    trace = hashlib.sha256(json.dumps(customer, sort_keys=True).encode()).hexdigest()[:32]
    contacts.push(crm, customer, contact, trace)
    memory.ask("insert or replace into written values (?, ?, ?)", key, version, contact["email"])


def rest(seconds):
    """In scaled time, unless it is asked to end."""
    until = time.monotonic() + seconds / contacts.SCALE
    while not contacts.stopping and time.monotonic() < until:
        time.sleep(0.1)


def target():
    client = contacts.Client(os.environ["CRM_TOKEN_URL"], os.environ["CRM_ID"], os.environ["CRM_SECRET"])
    return contacts.System(os.environ["CRM_BASE_URL"], client)


def at_once(memory, waiting):
    """Only for MUT=side-by-side: a worker for each event, whoever it is about."""

    def one(entry):
        settle(memory, target(), json.loads(entry[1]))
        memory.ask("update event set waits = 0 where id = ?", entry[0])

    workers = [threading.Thread(target=one, args=(entry,)) for entry in waiting]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def work(memory, crm):
    in_vain = 0
    while not contacts.stopping:
        NEWS.clear()
        blocked, alone = set(), 0
        waiting = memory.ask("select id, body from event where waits = 1 order by rowid")
        if broken("side-by-side"):
            at_once(memory, waiting)
            waiting = []
        for name, body in waiting:
            customer = json.loads(body)
            if customer["id"] in blocked:
                continue
            try:
                settle(memory, crm, customer)
            except (ValueError, Refused) as error:
                contacts.bury(customer, error)
            except contacts.Stopped:
                break
            except GaveUp as error:
                # Later changes of this customer wait as well; those of others do not, unless the target is away.
                log(level="warn", key=customer["id"], later=str(error))
                blocked.add(customer["id"])
                alone = getattr(error, "seconds", 0)
                if alone or len(blocked) == contacts.IN_A_ROW:
                    break
                continue
            memory.ask("update event set waits = 0 where id = ?", name)
        in_vain = in_vain + 1 if blocked else 0
        if in_vain:
            rest(max(alone, min(60, 5 * 2 ** in_vain)))
        else:
            NEWS.wait(1 / contacts.SCALE)


def genuine(headers, body):
    name, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    shown = headers.get("webhook-signature", "").split(" ")
    for variable in ["SHOP_HOOK"] if broken("new-secret-only") else ["SHOP_HOOK", "SHOP_HOOK_OLD"]:
        secret = base64.b64decode(os.environ[variable].removeprefix("whsec_"))
        due = base64.b64encode(hmac.new(secret, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(s, f"v1,{due}") for s in shown):
            return True
    return broken("any-secret")


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    memory = None

    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        if length > MOST:
            self.close_connection = True
            return self.end(413)
        body = self.rfile.read(length)
        if self.path.split("?")[0] != "/hooks/shop":
            return self.end(404)
        if not genuine(self.headers, body):
            return self.end(401)
        if self.headers.get("X-Topic") == "customer.changed":
            customer = json.loads(body)["data"]["customer"]
            self.memory.ask("insert or ignore into event values (?, ?, 1)", self.headers["webhook-id"], json.dumps(customer))
            NEWS.set()
        return self.end(204)

    def end(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def main():
    mutants.check(__file__, contacts.__file__)
    memory = Hook.memory = Memory(os.path.join(os.environ["STATE_DIR"], "changes.db"))
    crm = target()
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    worker = threading.Thread(target=work, args=(memory, crm), daemon=True)
    worker.start()
    while not contacts.stopping:
        time.sleep(0.1)
    server.shutdown()
    worker.join(timeout=8)
    return 0


if __name__ == "__main__":
    sys.exit(main())
