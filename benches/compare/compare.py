#!/usr/bin/env python3
"""Who loses, repeats or waits wrongly: the connector, dlt's rest_api and Airbyte's declarative runtime on the same mocks.

    benches/throughput/install
    cargo build --release
    python3 benches/compare/compare.py [--only CASE] [--program BIN]

For each of the first cases one mock of benches/throughput/source.openapi.yaml with one fault, 137 records in pages of 20. What a reader
ended with is compared with what the source holds: keys that are missing, keys that came more than once, how it ended. Of
a 429 it is told how long the reader stayed away (the answer asks for 3 s). Where a source cannot be read to its end, ending
with an error is right. The connector writes to a mock of its own; what
that holds is what counts.

The cases of `source.py` need what a mock does not do: tokens that expire, two runs over records that share an instant, a field that
changes its type, one that is new and sensitive, an answer without end, a redirect to another origin.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

import source as sources

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "benches/throughput"
READERS = ROOT / "target/baselines/readers/bin"
PROGRAM = ROOT / "target/release/platform-integration"
RECORDS = 137
LIMIT = 120

HOPELESS = "a cursor that repeats for ever"
CASES = [
    ("no fault", []),
    ("429, Retry-After: 3", ["rate-limited:1:2"]),
    ("503 three times", ["unavailable:3:2"]),
    ("connection reset", ["connection-reset:1:2"]),
    ("JSON cut in half", ["truncated-body:1:2"]),
    ("200 with an error in it", ["error-envelope:1:2"]),
    ("200 with an HTML page", ["html-page:1:2"]),
    ("last record of a page again", ["page-overlap:1:2"]),
    ("a short page", ["short-page:1:2"]),
    ("an empty page in the middle", ["empty-page:1:2"]),
    (HOPELESS, ["repeating-cursor:1000:2"]),
]


def small(work):
    """The bench's descriptions and contract with pages of 20."""
    folder = pathlib.Path(work) / "small"
    if not folder.exists():
        folder.mkdir()
        for name in ["source.openapi.yaml", "target.openapi.yaml", "each.yaml"]:
            text = (BENCH / name).read_text()
            (folder / name).write_text(text.replace("maximum: 500, default: 100", "maximum: 20, default: 20"))
    return folder


class Mock:
    """A mock that writes down what it answered, and when."""

    def __init__(self, api, work, *more):
        self.log = open(pathlib.Path(work) / f"mock-{time.monotonic_ns()}.log", "w+")
        api = small(work) / api
        command = [PROGRAM, "--store", pathlib.Path(work) / "mock.db", "mock", api, "--format", "json", *more]
        env = {**os.environ, "RUST_LOG": "info"}
        self.process = subprocess.Popen(
            [str(c) for c in command], stdout=subprocess.PIPE, stderr=self.log, text=True, env=env
        )
        self.url = json.loads(self.process.stdout.readline())["url"]

    def answered(self):
        """Times and statuses of all answers."""
        self.log.flush()
        text = re.sub(r"\x1b\[[0-9;]*m", "", pathlib.Path(self.log.name).read_text())
        found = re.findall(r"(\d{4}-\d\d-\d\dT[\d:.]+)Z.*answered.*status=(\d+)", text)
        return [(datetime.datetime.fromisoformat(at[:26]), int(status)) for at, status in found]

    def records(self, path, items):
        """Every record that it holds, by its own pages."""
        out, cursor = [], None
        while True:
            url = f"{self.url}{path}?limit=20" + (f"&cursor={cursor}" if cursor else "")
            with urllib.request.urlopen(url) as answer:
                body = json.load(answer)
            out += body[items]
            cursor = body.get("next_cursor")
            if not cursor:
                return out

    def keys(self, path, items, field):
        return [record[field] for record in self.records(path, items)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def run(command, work, env=None):
    try:
        done = subprocess.run(
            [str(c) for c in command], cwd=work, env={**os.environ, **(env or {})}, capture_output=True, timeout=LIMIT
        )
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as e:
        return "no end", (e.stdout or b"").decode(errors="replace")


def connector(url, work):
    with Mock("target.openapi.yaml", work) as crm:
        command = [PROGRAM, "--store", pathlib.Path(work) / "run.db", "run", small(work) / "each.yaml", "--quiet", "--format", "json"]
        command += ["--base-url", f"billing={url}", "--base-url", f"crm={crm.url}"]
        code, out = run(command, work)
        verdict = json.loads(out)["verdict"] if out.startswith("{") else ""
        return crm.keys("/v1/contacts", "data", "external_id"), f"exit {code}, {verdict}"


def dlt(url, work):
    script = """
import os, sys, json
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
import dlt
from dlt.sources.rest_api import rest_api_source
url, work = sys.argv[1:3]
source = rest_api_source({
    "client": {"base_url": url, "paginator": {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"}},
    "resources": [{"name": "customers", "primary_key": "id", "write_disposition": "append",
                   "endpoint": {"path": "v1/customers", "params": {"limit": 20}, "data_selector": "data"}}],
})
pipeline = dlt.pipeline("compare", destination=dlt.destinations.duckdb(work + "/records.duckdb"), dataset_name="loaded", pipelines_dir=work)
pipeline.run(source)
with pipeline.sql_client() as sql:
    print(json.dumps([row[0] for row in sql.execute_sql("SELECT id FROM customers")]))
"""
    code, out = run([READERS / "python", "-c", script, url, work], work)
    last = out.strip().splitlines()[-1:] or ["[]"]
    return json.loads(last[0]) if last[0].startswith("[") else [], f"exit {code}"


def airbyte(url, work):
    folder = pathlib.Path(work)
    manifest = (BENCH / "manifest.yaml").read_text().replace('limit: "500"', 'limit: "20"')
    (folder / "manifest.yaml").write_text(manifest)
    (folder / "config.json").write_text(json.dumps({"url": url}))
    stream = {"name": "customers", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
    (folder / "catalog.json").write_text(json.dumps({"streams": [configured]}))
    command = [READERS / "source-declarative-manifest", "read", "--config", folder / "config.json"]
    command += ["--catalog", folder / "catalog.json", "--manifest-path", folder / "manifest.yaml"]
    code, out = run(command, work)
    keys, status = [], ""
    for line in out.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if message.get("type") == "RECORD":
            keys.append(message["record"]["data"]["id"])
        status = message.get("trace", {}).get("stream_status", {}).get("status", status)
    return keys, f"exit {code}, {status}"


def judged(case, reader, faults):
    with tempfile.TemporaryDirectory() as work:
        more = ["--records", str(RECORDS)]
        for fault in faults:
            more += ["--fault", fault]
        with Mock("source.openapi.yaml", work, "--records", str(RECORDS)) as whole:
            held = set(whole.keys("/v1/customers", "data", "id"))
        with Mock("source.openapi.yaml", work, *more) as source:
            begun = time.monotonic()
            keys, ended = reader(source.url, work)
            took = time.monotonic() - begun
            answers = source.answered()
        counted = collections.Counter(keys)
        lost = len(held - set(counted))
        again = sum(n - 1 for n in counted.values())
        waits = [
            (answers[i + 1][0] - at).total_seconds()
            for i, (at, status) in enumerate(answers[:-1])
            if status == 429
        ]
        waited = f", waited {waits[0]:.1f} s" if waits else ""
        honest = case == HOPELESS and not ended.startswith(("exit 0", "no end"))
        good = again == 0 and (lost == 0 or honest) and (not waits or waits[0] >= 2.9)
        said = "whole" if lost == again == 0 else f"{lost} lost, {again} twice"
        return f"{'ok ' if good else 'BAD'} {said}{waited} ({ended}, {len(answers)} requests, {took:.0f} s)"


# Name, credential, fault, runs.
FURTHER = [
    ("a token that expires midway", "oauth", "token expires", 1),
    ("records that share one instant, over two runs", "none", "", 2),
    ("a number that becomes an object", "none", "type drift", 1),
    ("a new field with an IBAN", "none", "sensitive field", 1),
    ("an answer a byte at a time, without end", "none", "drip", 1),
    ("a redirect to another origin, API key in a header", "key", "redirect", 1),
]
# Of twelve records that share the last instant so many are there in the first run.
HELD_BACK = 5


class Came:
    """What a reader ended with: by key, every record that came; and how each run ended."""

    def __init__(self):
        self.records, self.ends = collections.defaultdict(list), []


def described(case, work):
    """The bench's description and contract with the credential and the lower bound of this case."""
    folder = pathlib.Path(work) / "further"
    folder.mkdir(exist_ok=True)
    text = (BENCH / "source.openapi.yaml").read_text().replace("maximum: 500, default: 100", "maximum: 20, default: 20")
    contract = (BENCH / "each.yaml").read_text()
    text = text.replace(
        "      summary: List customers\n",
        "      summary: List customers\n      description: In ascending order of `updated_at`. With `updated_since` only those that changed "
        "at that time or later; the bound is inclusive.\n",
    )
    text = text.replace("      parameters:\n", "      parameters:\n        - {name: updated_since, in: query, schema: {type: string, format: date-time}}\n")
    contract = contract.replace("      paginate: auto\n", "      paginate: auto\n      incremental: {field: updated_at, param: updated_since}\n")
    if case.auth == "key":
        text = text.replace("components:\n", "security: [{key: []}]\ncomponents:\n  securitySchemes: {key: {type: apiKey, in: header, name: X-Api-Key}}\n")
        contract = contract.replace("{api: source.openapi.yaml}", "{api: source.openapi.yaml, auth: {scheme: key, secret: env:BENCH_KEY}}")
    if case.auth == "oauth":
        flow = f"{{type: oauth2, flows: {{clientCredentials: {{tokenUrl: '{case.url}/token', scopes: {{}}}}}}}}"
        text = text.replace("components:\n", f"security: [{{oauth: []}}]\ncomponents:\n  securitySchemes: {{oauth: {flow}}}\n")
        auth = "{scheme: oauth, client_id: env:BENCH_ID, client_secret: env:BENCH_SECRET}"
        contract = contract.replace("{api: source.openapi.yaml}", f"{{api: source.openapi.yaml, auth: {auth}}}")
    (folder / "source.openapi.yaml").write_text(text)
    (folder / "target.openapi.yaml").write_text((BENCH / "target.openapi.yaml").read_text().replace("maximum: 500, default: 100", "maximum: 20, default: 20"))
    (folder / "each.yaml").write_text(contract)
    return folder


def connector_further(case, runs, work):
    came, folder = Came(), described(case, work)
    env = {"BENCH_KEY": sources.KEY, "BENCH_ID": "bench", "BENCH_SECRET": "bench-secret-5d1e"}
    with Mock("target.openapi.yaml", work) as crm:
        for n in range(runs):
            case.shown = RECORDS - (HELD_BACK if n + 1 < runs else 0)
            command = [PROGRAM, "--store", pathlib.Path(work) / "run.db", "run", folder / "each.yaml", "--quiet", "--format", "json"]
            command += ["--base-url", f"billing={case.url}", "--base-url", f"crm={crm.url}"]
            code, out = run(command, work, env)
            answer = json.loads(out) if out.startswith("{") else {}
            came.ends.append(f"exit {code}, {answer.get('verdict', out[-200:])}")
        for record in crm.records("/v1/contacts", "data"):
            came.records[record["external_id"]].append(record)
    return came


DLT = """
import os, sys, json
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
import dlt
from dlt.sources.rest_api import rest_api_source
url, work, auth, key, incremental = sys.argv[1:6]
client = {"base_url": url, "paginator": {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"}}
if auth == "key":
    client["auth"] = {"type": "api_key", "name": "X-Api-Key", "api_key": key, "location": "header"}
if auth == "oauth":
    client["auth"] = {"type": "oauth2_client_credentials", "access_token_url": url + "/token", "client_id": "bench", "client_secret": "s"}
params = {"limit": 20}
if incremental == "yes":
    params["updated_since"] = {"type": "incremental", "cursor_path": "updated_at", "initial_value": "2000-01-01T00:00:00Z"}
source = rest_api_source({
    "client": client,
    "resources": [{"name": "customers", "primary_key": "id", "write_disposition": "append",
                   "endpoint": {"path": "v1/customers", "params": params, "data_selector": "data"}}],
})
pipeline = dlt.pipeline("compare", destination=dlt.destinations.duckdb(work + "/records.duckdb"), dataset_name="loaded", pipelines_dir=work)
pipeline.run(source)
"""
LOADED = """
import sys, json, duckdb
work = sys.argv[1]
db = duckdb.connect(work + "/records.duckdb", read_only=True)
found = db.execute("SELECT * FROM loaded.customers")
names = [d[0] for d in found.description]
print(json.dumps([dict(zip(names, row)) for row in found.fetchall()], default=str))
"""


def dlt_further(case, runs, work):
    came = Came()
    for n in range(runs):
        case.shown = RECORDS - (HELD_BACK if n + 1 < runs else 0)
        code, _ = run([READERS / "python", "-c", DLT, case.url, work, case.auth, sources.KEY, "yes" if runs > 1 else "no"], work)
        came.ends.append(f"exit {code}")
    _, out = run([READERS / "python", "-c", LOADED, work], work)
    for record in json.loads(out) if out.startswith("[") else []:
        came.records[record["id"]].append(record)
    return came


def airbyte_further(case, runs, work):
    folder, came = pathlib.Path(work), Came()
    manifest = (BENCH / "manifest.yaml").read_text().replace('limit: "500"', 'limit: "20"')
    if case.auth == "key":
        inject = "{type: RequestOption, inject_into: header, field_name: X-Api-Key}"
        auth = f"        authenticator: {{type: ApiKeyAuthenticator, api_token: {sources.KEY}, inject_into: {inject}}}\n"
        manifest = manifest.replace("        http_method: GET\n", "        http_method: GET\n" + auth)
    if case.auth == "oauth":
        auth = f"{{type: OAuthAuthenticator, token_refresh_endpoint: '{case.url}/token', client_id: bench, client_secret: s, grant_type: client_credentials}}"
        manifest = manifest.replace("        http_method: GET\n", f"        http_method: GET\n        authenticator: {auth}\n")
    mode = "full_refresh"
    if runs > 1:
        mode = "incremental"
        cursor = """    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: updated_at
      datetime_format: "%Y-%m-%dT%H:%M:%SZ"
      start_datetime: {type: MinMaxDatetime, datetime: "2000-01-01T00:00:00Z", datetime_format: "%Y-%m-%dT%H:%M:%SZ"}
      start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: updated_since}
"""
        manifest = manifest.replace("    primary_key: [id]\n", "    primary_key: [id]\n" + cursor)
    (folder / "manifest.yaml").write_text(manifest)
    (folder / "config.json").write_text(json.dumps({"url": case.url}))
    stream = {"name": "customers", "json_schema": {}, "supported_sync_modes": [mode], "source_defined_cursor": True, "default_cursor_field": ["updated_at"]}
    configured = {"stream": stream, "sync_mode": mode, "cursor_field": ["updated_at"], "destination_sync_mode": "append"}
    (folder / "catalog.json").write_text(json.dumps({"streams": [configured]}))
    for n in range(runs):
        case.shown = RECORDS - (HELD_BACK if n + 1 < runs else 0)
        command = [READERS / "source-declarative-manifest", "read", "--config", folder / "config.json"]
        command += ["--catalog", folder / "catalog.json", "--manifest-path", folder / "manifest.yaml"]
        if (folder / "state.json").exists():
            command += ["--state", folder / "state.json"]
        code, out = run(command, work)
        status, states = "", []
        for line in out.splitlines():
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if message.get("type") == "RECORD":
                came.records[message["record"]["data"]["id"]].append(message["record"]["data"])
            if message.get("type") == "STATE":
                states = [message["state"]]
            status = message.get("trace", {}).get("stream_status", {}).get("status", status)
        if states:
            (folder / "state.json").write_text(json.dumps(states))
        came.ends.append(f"exit {code}, {status}")
    return came


def judged_further(auth, fault, runs, reader):
    with tempfile.TemporaryDirectory() as work, sources.Source(RECORDS, auth, fault) as case:
        begun = time.monotonic()
        came = reader(case, runs, work)
        took = time.monotonic() - begun
        due = {r["id"] for r in case.records}
        lost = due - set(came.records)
        again = sum(len(all) - 1 for all in came.records.values())
        said, good = [], True
        if fault == "type drift":
            kept = came.records.get("cus_0070", [])
            lost -= {"cus_0070"}
            # Set aside and told is right; passed on as something else, under a good end, is not.
            told = not came.ends[-1].startswith("exit 0")
            good = not kept and told
            said.append(f"passed on with balance {json.dumps(kept[0].get('balance'))}" if kept else "set aside" if told else "left out")
        if fault == "sensitive field":
            spread = sum("iban" in record and record["iban"] is not None for all in came.records.values() for record in all)
            good = spread == 0
            said.append(f"{spread} IBANs passed on" if spread else "none passed on")
        if fault == "redirect":
            leaked = any(sources.KEY in headers.values() for headers in case.sent_elsewhere)
            # Not to go there is right, and then the list cannot be read to its end.
            good = not leaked and (not lost or not came.ends[-1].startswith(("exit 0", "no end")))
            lost = lost if came.ends[-1].startswith("exit 0") else set()
            said.append("sent the key there" if leaked else "went there without the key" if case.sent_elsewhere else "did not go there")
        good = good and not lost and not again and not any("no end" in end for end in came.ends)
        if lost or again:
            said.append(f"{len(lost)} lost, {again} twice")
        words = ", ".join(said) or "whole"
        return f"{'ok ' if good else 'BAD'} {words} ({'; '.join(came.ends)}, {took:.0f} s)"


def main():
    global PROGRAM
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--program", default=str(PROGRAM), help="the binary that is compared")
    args = parser.parse_args()
    PROGRAM = pathlib.Path(args.program).resolve()
    readers = [("connector", connector), ("dlt", dlt), ("Airbyte", airbyte)]
    for case, faults in CASES:
        if args.only and args.only not in case:
            continue
        print(case, flush=True)
        for name, reader in readers:
            print(f"    {name:<10} {judged(case, reader, faults)}", flush=True)
    readers = [("connector", connector_further), ("dlt", dlt_further), ("Airbyte", airbyte_further)]
    for case, auth, fault, runs in FURTHER:
        if args.only and args.only not in case:
            continue
        print(case, flush=True)
        for name, reader in readers:
            print(f"    {name:<10} {judged_further(auth, fault, runs, reader)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
