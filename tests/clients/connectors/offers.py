"""Stock lines become offers: examples/stock-to-market as a job. Standard library only.

The plainest connector that is right: reads everything on every run, writes what differs from the last time in batches, one
connection a request. What a batch did not take is looked at record by record. MUT=name breaks it in one way.
"""

import email.utils
import json
import os
import pathlib
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import mutants
from mutants import broken

SCALE = float(os.environ.get("TIME_SCALE", "1"))
GRADES = {"new": "new", "used": "used", "damaged": "not_for_sale"}
BATCH = 50
# Of a server that asks for more, in seconds, it is not waited for: the next run comes later.
PATIENCE = 120.0


class Redirected(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(Redirected)


class Failed(Exception):
    pass


class Refused(Exception):
    pass


def waits(error, attempt):
    told = error.headers.get("Retry-After") if error is not None else None
    if told and told.strip().isdigit():
        return float(told)
    if told:
        try:
            until = email.utils.parsedate_to_datetime(told).timestamp()
            now = email.utils.parsedate_to_datetime(error.headers["Date"]).timestamp()
            return max(0.0, until - now)
        except (TypeError, ValueError):
            pass  # no number and no date: a wait of our own
    return random.uniform(0, min(60, 2 ** attempt))


def read(answer, until):
    body = b""
    while piece := answer.read1(65536):
        body += piece
        if time.monotonic() > until:
            raise TimeoutError("the whole answer took too long")
        if len(body) > 16_000_000:
            raise Failed("the answer is too large")
    if getattr(answer, "length", 0):
        raise OSError("cut off")
    return body


def ask(method, url, headers, value=None):
    headers = {**headers, "X-Request-Id": os.urandom(12).hex(), "Content-Type": "application/json"}
    body = None if value is None else json.dumps(value).encode()
    for attempt in range(4):
        if os.path.exists(os.environ["DISABLE_FILE"]):
            raise Failed("switched off")
        error = None
        try:
            until = time.monotonic() + 10 / SCALE
            request = urllib.request.Request(url, body, headers, method=method)
            with OPENER.open(request, timeout=5 / SCALE) as answer:
                return json.loads(read(answer, until))
        except urllib.error.HTTPError as e:
            if 300 <= e.code < 400:
                raise Failed("redirected")
            if e.code < 500 and e.code != 429:
                raise Refused(f"answered {e.code}")
            error = e
        except (OSError, ValueError, urllib.error.URLError, __import__("http.client").client.HTTPException):
            pass
        wait = waits(error, attempt)
        if wait > PATIENCE:
            raise Failed(f"asked to come back in {wait:.0f} s")
        time.sleep(wait / SCALE)
    raise Failed(f"{method} {url.split('?')[0]}: six attempts")


def look(found, since):
    """Reads every page into `found`, of each line the newest form. True where nothing can have slipped over the edge of a page:
    as many came as there were all the while, and none came again in a newer form, which moved those behind it."""
    base, headers = os.environ["DEPOT_BASE_URL"], {"X-Depot-Key": os.environ["DEPOT_KEY"]}
    page, pages, came, totals, moved = 1, 0, {}, set(), False
    while True:
        size = os.environ.get("PAGE_SIZE", "50")
        bound = f"&updated_since={since}" if since else ""
        answer = ask("GET", f"{base}/v1/stock?page={page}&per_page={size}{bound}", headers)
        if "lines" not in answer or "pages" not in answer:
            raise Failed("a page that is none")
        totals.add(answer.get("total"))
        for line in answer["lines"]:
            moved = moved or came.get(line["id"], line["updated_at"]) < line["updated_at"]
            came[line["id"]] = max(line["updated_at"], came.get(line["id"], ""))
            if line["id"] not in found or found[line["id"]]["updated_at"] <= line["updated_at"] or broken("last-wins"):
                found[line["id"]] = line
        pages = pages or answer["pages"]
        if page >= (pages if broken("since-now") else answer["pages"]):
            return not moved and totals == {len(came)}
        page += 1


def lines(since):
    """All lines, and whether they are all: pages that are counted shift when lines come and go, so they are looked at again."""
    found = {}
    for _ in range(3):
        if look(found, since) or broken("one-look") or broken("since-now"):
            return found.values(), True
    return found.values(), False


def bury(line, because):
    with open(os.environ["DEAD_LETTER_FILE"], "a") as file:
        file.write(json.dumps({"key": line["id"], "reason": because, "record": line}) + "\n")


def push(batch):
    """Returns the lines that are settled, and those that were refused, with why."""
    base = os.environ["MARKTPLATZ_BASE_URL"]
    headers = {"Authorization": f"Bearer {os.environ['MARKTPLATZ_TOKEN']}"}
    settled, refused = [], []
    left = {line["id"]: (line, offer) for line, offer in batch}
    for attempt in range(6):
        try:
            if broken("mended-later"):
                wrong = [{**offer, "quantity": offer["quantity"] + 1} for _, offer in left.values()]
                ask("POST", f"{base}/v5/offers/bulk", headers, {"offers": wrong})
            answer = ask("POST", f"{base}/v5/offers/bulk", headers, {"offers": [offer for _, offer in left.values()]})
        except Refused as error:
            if len(left) == 1:
                return settled, refused + [(line, str(error)) for line, _ in left.values()]
            # One of them spoils the batch: each by itself.
            for pair in list(left.values()):
                done, bad = push([pair])
                settled, refused = settled + done, refused + bad
            return settled, refused
        if broken("sent-twice"):
            ask("POST", f"{base}/v5/offers/bulk", headers, {"offers": [offer for _, offer in left.values()]})
        if broken("partial-ignored"):
            return [line for line, _ in left.values()], refused
        if "results" not in answer:
            raise Failed("a batch without results")
        again = {}
        said = {result["sku"] for result in answer["results"]}
        if not broken("silence-is-success"):
            # What the answer does not speak of is not known to be written: it is sent again.
            again = {key: pair for key, pair in left.items() if key not in said}
        else:
            settled += [line for key, (line, _) in left.items() if key not in said]
        for result in answer["results"]:
            line, offer = left.pop(result["sku"])
            if result["status"] < 300:
                settled.append(line)
            elif result["status"] in (429,) or result["status"] >= 500:
                again[line["id"]] = (line, offer)
            else:
                refused.append((line, f"refused with {result['status']}"))
        if broken("whole-batch-again") and again:
            again = {line["id"]: (line, offer) for line, offer in batch}
        left = again
        if not left:
            return settled, refused
        time.sleep(random.uniform(0, 2 ** attempt) / SCALE)
    if broken("forgets-failed"):
        return settled + [line for line, _ in left.values()], refused
    raise Failed("a batch that is never taken")


def offer_of(line):
    """What the marketplace is told of a line; what is missing, null or of another kind is not made up."""
    if not isinstance(line.get("condition"), str) or line["condition"] not in GRADES:
        raise ValueError(f"no grade for {line.get('condition')}")
    count = line.get("on_hand", 0 if broken("made-up") else None)
    if count is None and broken("nulls-are-zero"):
        count = 0
    if isinstance(count, dict) and broken("casts"):
        count = len(count)
    if not isinstance(count, int) or isinstance(count, bool):
        raise ValueError("on_hand is no whole number")
    return {"sku": line["id"], "quantity": count, "grade": GRADES[line["condition"]], "checked_at": line["updated_at"]}


def main():
    mutants.check(__file__)
    state = pathlib.Path(os.environ["STATE_DIR"], "sent.json")
    sent = json.loads(state.read_text()) if state.exists() else {}

    def keep():
        aside = state.with_suffix(".new")
        aside.write_text(json.dumps(sent))
        aside.replace(state)

    buried, batch = 0, []

    def flush():
        nonlocal buried
        if not batch:
            return
        settled, refused = push(batch)
        for line, because in refused:
            bury(line, because)
            buried += 1
        for line in [*settled, *(line for line, _ in refused)]:
            sent[line["id"]] = line
        batch.clear()
        keep()

    try:
        since = sent.pop("since", None)
        found, whole = lines(since)
        if broken("since-now"):
            sent["since"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        contents = set()
        for line in found:
            if sent.get(line["id"]) == line:
                continue
            content = json.dumps({**line, "id": "", "updated_at": ""})
            if broken("content-once") and content in contents:
                continue
            contents.add(content)
            try:
                batch.append((line, offer_of(line)))
            except ValueError as error:
                bury(line, str(error))
                buried += 1
                sent[line["id"]] = line
                continue
            if broken("marked-first"):
                sent[line["id"]] = line
                keep()
            if len(batch) == BATCH:
                flush()
        flush()
        keep()
        if not whole:
            raise Failed("lines came and went while their pages were counted; the next run looks again")
    except (Failed, Refused) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    return 2 if buried else 0


if __name__ == "__main__":
    sys.exit(main())
