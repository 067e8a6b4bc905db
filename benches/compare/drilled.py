#!/usr/bin/env python3
"""What becomes of dlt when it writes: the pipeline of `entries_dlt.py` under every drill that applies to a program, and beside it the
connector of this binary under the same drills.

    benches/throughput/install
    cargo build --release
    python3 benches/compare/drilled.py [--program BIN] [--only CODE,CODE] [--schedules N]

Prints a row for each drill: what the judge found first, in its own words, of dlt; and the verdict on the connector, in virtual time
(`wire`: a drill of real sockets, which the connector is not put to as a program). Both are held to examples/payments-to-ledger: a
source in pages, a target that takes each record once under an idempotency key. dlt receives no webhooks and keeps no dead letters of
its own; the drills of webhooks do not apply, and the pipeline files what does not fit. Airbyte's declarative runtime only reads, so
it is not here.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / "target/baselines/readers/bin/python"
CONTRACT = ROOT / "examples/payments-to-ledger/integration.yaml"


def drill(program, work, *more):
    command = [program, "--store", os.path.join(work, "drills.db"), "drill", CONTRACT, "--format", "json", *more]
    done = subprocess.run([str(c) for c in command], cwd=ROOT, capture_output=True, text=True)
    if not done.stdout.startswith("{"):
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return json.loads(done.stdout)


def rows(answer):
    return {row["code"]: row for row in answer["drills"]}


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--program", default=ROOT / "target/release/platform-integration")
    ask.add_argument("--only")
    ask.add_argument("--schedules", default="1")
    told = ask.parse_args()
    if not PYTHON.exists():
        sys.exit("dlt is not there; run: benches/throughput/install")
    only = ["--only", told.only] if told.only else []
    with tempfile.TemporaryDirectory() as work:
        pipeline = f"'{PYTHON}' '{pathlib.Path(__file__).with_name('entries_dlt.py')}'"
        dlt = rows(drill(told.program, work, *only, "--schedules", told.schedules, "--command", pipeline, "--jobs", "2", "--deadline", "150"))
        inside = [code for code in dlt if not told.only or code in told.only.split(",")]
        ours = rows(drill(told.program, work, "--schedules", "20"))
    print(f"{'drill':30}{'connector':12}dlt")
    count = {}
    for code in inside:
        row = dlt[code]
        count[row["verdict"]] = count.get(row["verdict"], 0) + 1
        first = next((f["because"].split("; ")[0] for f in row.get("failures", [])), "")
        print(f"{code:30}{ours[code]['verdict'] if code in ours else 'wire':12}{row['verdict']} {first[:150]}")
    print("\ndlt: " + ", ".join(f"{n} {verdict}" for verdict, n in sorted(count.items())))


if __name__ == "__main__":
    main()
