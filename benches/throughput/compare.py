#!/usr/bin/env python3
"""The connector beside dlt and Airbyte's declarative runtime, on the same peer and records, in one run.

    benches/throughput/install
    cargo build --release --example throughput-peer && cargo build --release
    python3 benches/throughput/compare.py [--records 100000] [--memory 1000,100000,1000000]

The connector reads all records, maps and validates each, and writes them to the target over HTTP, with its ledger on disk
(intents before requests, checkpoints by page). dlt reads them into DuckDB, and into the same target by destinations of
ours, 500 or one a request; Airbyte's runtime reads them and prints them, which is to be held beside the row of `--dry-run`. `--memory` runs the
connector alone over so many records and prints its peak resident memory.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "benches/throughput"
BASELINES = ROOT / "target/baselines/readers/bin"
RELEASE = ROOT / "target/release"
BINARY = RELEASE / "platform-integration"


class Peer:
    def __init__(self, records):
        self.process = subprocess.Popen(
            [RELEASE / "examples/throughput-peer", str(records)], stdout=subprocess.PIPE, text=True
        )
        self.url = self.process.stdout.readline().strip()

    def taken(self):
        with urllib.request.urlopen(self.url + "/count") as answer:
            return json.load(answer)["taken"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def timed(command, cwd, env=None, sink=None):
    """Seconds of wall and of CPU, peak resident MB, and what was printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    process = subprocess.Popen(
        [str(c) for c in command], cwd=cwd, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    peak = 0
    out = []
    import threading

    def watch():
        nonlocal peak
        while process.poll() is None:
            try:
                for line in open(f"/proc/{process.pid}/status"):
                    if line.startswith("VmHWM"):
                        peak = max(peak, int(line.split()[1]) / 1024)
            except OSError:
                return
            time.sleep(0.05)

    def drain():
        for line in process.stderr:
            del line

    threads = [threading.Thread(target=watch), threading.Thread(target=drain)]
    for thread in threads:
        thread.start()
    for line in process.stdout:
        if sink:
            sink(line)
        else:
            out.append(line.decode(errors="replace"))
    code = process.wait()
    wall = time.monotonic() - begun
    for thread in threads:
        thread.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return code, wall, cpu, peak, "".join(out)


def connector(contract, records, work):
    with Peer(records) as peer:
        store = pathlib.Path(work) / f"{contract}-{records}.db"
        command = [BINARY, "--store", store, "run", HERE / f"{contract}.yaml", "--quiet"]
        command += ["--format", "json", "--base-url", f"billing={peer.url}", "--base-url", f"crm={peer.url}"]
        code, wall, cpu, peak, out = timed(command, work)
        answer = json.loads(out)
        counts = answer["flows"][0]["reconciliation"]
        exact = answer["verdict"] == "PASS" and counts["written"] == records == counts["unique"] == peer.taken()
        return records / wall, cpu, peak, "exact, PASS" if exact else f"exit {code}: {answer['verdict']} {counts}"


def rehearsal(records, work):
    """The part of the job that Airbyte's runtime does: reading. Here with mapping and validation, and nothing written."""
    with Peer(records) as peer:
        command = [BINARY, "--store", pathlib.Path(work) / "rehearsal.db", "run", HERE / "bulk.yaml"]
        command += ["--dry-run", "--quiet", "--format", "json"]
        command += ["--base-url", f"billing={peer.url}", "--base-url", f"crm={peer.url}"]
        code, wall, cpu, peak, out = timed(command, work)
        would = json.loads(out)["flows"][0]["would_put"]
        return records / wall, cpu, peak, f"{would} mapped" if would == records else f"exit {code}: {would} mapped"


def dlt(where, records, work):
    with Peer(records) as peer:
        folder = pathlib.Path(work) / f"dlt-{where}"
        folder.mkdir()
        code, wall, cpu, peak, out = timed([BASELINES / "python", HERE / "read_dlt.py", peer.url, folder, where], work)
        loaded = out.strip().splitlines()[-1] if out.strip() else "nothing"
        note = f"{loaded} rows" + (f", {peer.taken()} taken" if where != "duckdb" else "")
        return records / wall, cpu, peak, note if code == 0 else f"exit {code}"


def airbyte(records, work):
    import base64  # noqa: F401

    with Peer(records) as peer:
        folder = pathlib.Path(work) / "airbyte"
        folder.mkdir()
        config = folder / "config.json"
        config.write_text(json.dumps({"url": peer.url}))
        catalog = folder / "catalog.json"
        stream = {"name": "customers", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
        configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
        catalog.write_text(json.dumps({"streams": [configured]}))
        seen = [0]

        def sink(line):
            seen[0] += line.startswith(b'{"type":"RECORD"')

        command = [BASELINES / "source-declarative-manifest", "read", "--config", config, "--catalog", catalog]
        command += ["--manifest-path", HERE / "manifest.yaml"]
        code, wall, cpu, peak, _ = timed(command, work, sink=sink)
        return records / wall, cpu, peak, f"{seen[0]} records" if code == 0 else f"exit {code}, {seen[0]} records"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--memory", default="")
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unnamed CPU")
    print(f"Measured on {model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {args.records} records.\n")
    line = "{:<52} {:>12} {:>12} {:>8} {:>8}  {}"
    with tempfile.TemporaryDirectory() as work:
        if args.memory:
            print(line.format("connector, bulk", "records/s", "records", "CPU s", "MB peak", ""))
            for records in map(int, args.memory.split(",")):
                rate, cpu, peak, note = connector("bulk", records, work)
                print(line.format("", f"{rate:.0f}", records, f"{cpu:.1f}", f"{peak:.0f}", note), flush=True)
            return
        rows = [
            ("connector: bulk of 500 over HTTP, ledger on disk", lambda: connector("bulk", args.records, work)),
            ("connector: one request a record, ledger on disk", lambda: connector("each", args.records, work)),
            ("connector: read and map alone (--dry-run)", lambda: rehearsal(args.records, work)),
            ("dlt rest_api -> bulk of 500 over HTTP", lambda: dlt("bulk", args.records, work)),
            ("dlt rest_api -> one request a record", lambda: dlt("each", args.records, work)),
            ("dlt rest_api -> DuckDB", lambda: dlt("duckdb", args.records, work)),
            ("Airbyte declarative runtime -> stdout", lambda: airbyte(args.records, work)),
        ]
        print(line.format("", "records/s", "of the 1st", "CPU s", "MB peak", ""))
        first = None
        for name, run in rows:
            if args.only and args.only not in name:
                continue
            rate, cpu, peak, note = run()
            first = first or rate
            print(line.format(name, f"{rate:.0f}", f"1/{first / rate:.1f}", f"{cpu:.1f}", f"{peak:.0f}", note), flush=True)


if __name__ == "__main__":
    sys.exit(main())
