#!/usr/bin/env python3
"""Who loses, repeats or waits wrongly: the connector, dlt's rest_api and Airbyte's declarative runtime on the same mocks.

    benches/throughput/install
    cargo build --release
    python3 benches/compare/compare.py [--only CASE]

For each case one mock of benches/throughput/source.openapi.yaml with one fault, 137 records in pages of 20. What a reader
ended with is compared with what the source holds: keys that are missing, keys that came more than once, how it ended. Of
a 429 it is told how long the reader stayed away (the answer asks for 3 s). Where a source cannot be read to its end, ending
with an error is right. The connector writes to a mock of its own; what
that holds is what counts.
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

    def keys(self, path, items, field):
        """Every key that it holds, by its own pages."""
        out, cursor = [], None
        while True:
            url = f"{self.url}{path}?limit=20" + (f"&cursor={cursor}" if cursor else "")
            with urllib.request.urlopen(url) as answer:
                body = json.load(answer)
            out += [record[field] for record in body[items]]
            cursor = body.get("next_cursor")
            if not cursor:
                return out

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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    readers = [("connector", connector), ("dlt", dlt), ("Airbyte", airbyte)]
    for case, faults in CASES:
        if args.only and args.only not in case:
            continue
        print(case, flush=True)
        for name, reader in readers:
            print(f"    {name:<10} {judged(case, reader, faults)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
