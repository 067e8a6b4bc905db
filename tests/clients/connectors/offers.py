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

MUT = os.environ.get("MUT", "")
SCALE = float(os.environ.get("TIME_SCALE", "1"))
GRADES = {"new": "new", "used": "used", "damaged": "not_for_sale"}
BATCH = 50


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
    for attempt in range(6):
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
        time.sleep(waits(error, attempt) / SCALE)
    raise Failed(f"{method} {url.split('?')[0]}: six attempts")


def lines():
    base, headers = os.environ["DEPOT_BASE_URL"], {"X-Depot-Key": os.environ["DEPOT_KEY"]}
    page, found = 1, {}
    while True:
        size = os.environ.get("PAGE_SIZE", "50")
        answer = ask("GET", f"{base}/v1/stock?page={page}&per_page={size}", headers)
        if "lines" not in answer or "pages" not in answer:
            raise Failed("a page that is none")
        for line in answer["lines"]:
            found[line["id"]] = line
        if page >= answer["pages"]:
            return found.values()
        page += 1


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
            answer = ask("POST", f"{base}/v5/offers/bulk", headers, {"offers": [offer for _, offer in left.values()]})
        except Refused as error:
            if len(left) == 1:
                return settled, refused + [(line, str(error)) for line, _ in left.values()]
            # One of them spoils the batch: each by itself.
            for pair in list(left.values()):
                done, bad = push([pair])
                settled, refused = settled + done, refused + bad
            return settled, refused
        if MUT == "partial-ignored":
            return [line for line, _ in left.values()], refused
        if "results" not in answer:
            raise Failed("a batch without results")
        again = {}
        for result in answer["results"]:
            line, offer = left.pop(result["sku"])
            if result["status"] < 300:
                settled.append(line)
            elif result["status"] in (429,) or result["status"] >= 500:
                again[line["id"]] = (line, offer)
            else:
                refused.append((line, f"refused with {result['status']}"))
        if MUT == "whole-batch-again" and again:
            again = {line["id"]: (line, offer) for line, offer in batch}
        left = again
        if not left:
            return settled, refused
        time.sleep(random.uniform(0, 2 ** attempt) / SCALE)
    raise Failed("a batch that is never taken")


def main():
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
        for line in lines():
            if sent.get(line["id"]) == line:
                continue
            if line["condition"] not in GRADES:
                bury(line, f"no grade for {line['condition']}")
                buried += 1
                sent[line["id"]] = line
                continue
            offer = {
                "sku": line["id"],
                "quantity": line["on_hand"],
                "grade": GRADES[line["condition"]],
                "checked_at": line["updated_at"],
            }
            batch.append((line, offer))
            if len(batch) == BATCH:
                flush()
        flush()
        keep()
    except (Failed, Refused) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    return 2 if buried else 0


if __name__ == "__main__":
    sys.exit(main())
