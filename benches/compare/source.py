"""A source of its own for what `mock --fault` does not do: 137 customers in pages of 20, in ascending order of `updated_at`, behind a
credential where one is wanted, and one thing that goes wrong."""

import datetime
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "bench-key-7f3a9c"
PAGE = 20


def customers(count):
    """The same ones each time, each with a second of its own; the last twelve share one."""
    start = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
    out = []
    for n in range(count):
        at = start + datetime.timedelta(minutes=min(n, count - 12))
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        out.append({
            "id": f"cus_{n:04}", "email": f"c{n}@example.com", "name": f"Customer {n}", "status": "active",
            "balance": 1000 + n, "currency": "EUR", "created_at": stamp, "updated_at": stamp,
        })
    return out


class Source:
    """Serves while it is entered. `auth`: none, oauth or key. `fault`: what goes wrong; `shown`: records that are there so far."""

    def __init__(self, count, auth="none", fault=""):
        self.records, self.auth, self.fault, self.shown = customers(count), auth, fault, count
        self.lists, self.tokens, self.issued, self.sent_elsewhere = 0, set(), 0, []
        self.over = threading.Event()

    def __enter__(self):
        self.servers = [Server(("127.0.0.1", 0), handler(self)), Server(("127.0.0.1", 0), elsewhere(self))]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url, self.other = (f"http://127.0.0.1:{s.server_port}" for s in self.servers)
        return self

    def __exit__(self, *_):
        self.over.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def page(self, query):
        since = query.get("updated_since", [""])[0]
        found = [r for r in self.records[:self.shown] if r["updated_at"] >= since]
        at = int(query.get("cursor", ["0"])[0])
        page = [dict(r) for r in found[at:at + PAGE]]
        for record in page:
            if self.fault == "type drift" and record["id"] == "cus_0070":
                record["balance"] = {"value": record["balance"]}
            if self.fault == "sensitive field":
                record["iban"] = f"DE00{record['id'][4:]}0000"
        more = at + PAGE < len(found)
        return {"data": page, "has_more": more, "next_cursor": str(at + PAGE) if more else None}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A reader that goes away is no news."""


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, value, **headers):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)


def handler(source):
    class Handler(Quiet):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            source.issued += 1
            token = f"bench-token-{source.issued}"
            source.tokens = {token}
            self.say(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            source.lists += 1
            if source.fault == "token expires" and source.lists == 4:
                source.tokens = set()
            bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if source.auth == "oauth" and bearer not in source.tokens or source.auth == "key" and self.headers.get("X-Api-Key") != KEY:
                return self.say(401, {"message": "unauthorized"})
            if source.fault == "redirect" and source.lists == 3:
                return self.say(307, {}, Location=f"{source.other}{self.path}")
            page = source.page(urllib.parse.parse_qs(url.query))
            if source.fault == "drip" and source.lists == 3:
                return self.drip(json.dumps(page).encode())
            return self.say(200, page)

        def drip(self, body):
            """A byte in half a second, and no end to it."""
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body) + 1_000_000))
            self.end_headers()
            try:
                for byte in body + b" " * 1_000_000:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    if source.over.wait(0.5):
                        break
            except OSError:
                pass
            self.close_connection = True

    return Handler


def elsewhere(source):
    class Handler(Quiet):
        """Another origin: what is sent to it is kept, and it answers as if it were the source."""

        def do_GET(self):
            source.sent_elsewhere.append(dict(self.headers))
            self.say(200, source.page(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)))

    return Handler
