#!/usr/bin/env python3
"""Drills the programs of tests/clients/connectors: correct ones pass everything, each broken one is killed by a drill meant for it.

    tests/clients/blackbox.py [--server BIN] [--only NAME] [--quick] [--seeds N]

Prints kills and false alarms; the exit code is 0 only where every mutant was killed as meant and no correct program was blamed.
"""

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

PROGRAMS = {
    "contacts.py": ("examples/billing-to-crm/integration.yaml", "python3 tests/clients/connectors/contacts.py", []),
    "contacts.mjs": ("examples/billing-to-crm/integration.yaml", "node tests/clients/connectors/contacts.mjs", []),
    "entries.mjs": ("examples/payments-to-ledger/integration.yaml", "node tests/clients/connectors/entries.mjs", []),
    "offers.py": ("examples/stock-to-market/integration.yaml", "python3 tests/clients/connectors/offers.py", []),
    "vouchers.py": ("examples/tills-to-books/integration.yaml", "python3 tests/clients/connectors/vouchers.py", ["--service"]),
    "contacts.py+consent": ("tests/clients/connectors/consent.yaml", "python3 tests/clients/connectors/contacts.py", []),
    "contacts.mjs+consent": ("tests/clients/connectors/consent.yaml", "node tests/clients/connectors/contacts.mjs", []),
    "changes.py": ("tests/clients/connectors/changes.yaml", "python3 tests/clients/connectors/changes.py", ["--service"]),
    "guests.py": ("tests/fixtures/lab/deletes/integration.yaml", "python3 tests/clients/connectors/guests.py", []),
    "roll.py": ("tests/fixtures/lab/accepted/integration.yaml", "python3 tests/clients/connectors/roll.py", []),
}

# program, mutant, the drills that are meant to kill it, what else drill is told
MUTANTS = [
    ("contacts.py", "no-retry-after", ["rate-limited-seconds", "rate-limited-date"]),
    ("contacts.py", "seconds-only", ["rate-limited-date"]),
    ("contacts.py", "no-backoff", ["outage-then-recovery", "burst-503"]),
    ("contacts.py", "no-timeout", ["timeout-before", "timeout-after-commit"]),
    ("contacts.py", "no-body-deadline", ["slow-drip"]),
    ("contacts.py", "network-error-fatal", ["connection-reset", "connection-refused"]),
    ("contacts.py", "short-read-is-page", ["truncated-body"]),
    ("contacts.py", "short-read-is-page", ["cut-chunked-body"]),
    ("contacts.py", "short-read-is-page", ["cut-closed-body"]),
    ("contacts.py", "closed-is-refused", ["closed-connection"]),
    ("entries.mjs", "key-after-garbage", ["garbage-on-wire"]),
    ("guests.py", "conflict-again", ["committed-then-503"]),
    ("contacts.py", "token-fatal", ["token-expires-midway"]),
    ("contacts.py", "429-permanent", ["rate-limited-seconds", "rate-limited-date"]),
    ("contacts.py", "5xx-permanent", ["burst-503"]),
    ("contacts.py", "retries-client-errors", ["poison-record", "client-error-not-retried"]),
    ("contacts.py", "endless-retries", ["outage-then-recovery"], ["--time-scale", "20"]),
    ("contacts.py", "follows-redirects", ["redirect-elsewhere"]),
    ("contacts.py", "parse-error-is-empty", ["truncated-json", "html-page"]),
    ("contacts.py", "envelope-is-empty", ["error-envelope-200"]),
    ("contacts.py", "error-is-written", ["error-envelope-200"]),
    ("contacts.py", "stops-at-empty-page", ["empty-page-midway"]),
    ("contacts.py", "stops-at-short-page", ["short-page"]),
    ("contacts.py", "cursor-loop", ["repeating-cursor"]),
    ("contacts.py", "checkpoint-before-write", ["crash-anywhere", "ended-midway"]),
    ("contacts.py", "exclusive-boundary", ["equal-timestamps"]),
    ("contacts.py", "swallows-quietly", ["poison-record", "unknown-enum"]),
    ("contacts.py", "swallows", ["connection-reset", "outage-then-recovery", "poison-record"]),
    ("contacts.py", "always-success", ["outage-then-recovery", "repeating-cursor", "redirect-elsewhere"]),
    ("contacts.py", "enum-guessed", ["unknown-enum"]),
    ("contacts.py", "enum-crashes", ["unknown-enum"]),
    ("contacts.py", "float-money", ["happy-path"]),
    ("contacts.py", "token-in-log", ["happy-path"]),
    ("contacts.py", "no-correlation", ["uncorrelated-write"]),
    ("contacts.py", "trace-per-attempt", ["committed-then-503", "committed-then-reset", "half-close"]),
    ("contacts.py", "disable-ignored", ["disabled-midway"]),
    ("contacts.py", "sigterm-ignored", ["ended-midway"]),
    ("contacts.py", "no-body-bound", ["gigabyte-body"]),
    ("contacts.py", "older-wins", ["out-of-order"]),
    ("contacts.py", "merges-twins", ["equal-keys"]),
    ("contacts.py", "conflict-is-final", ["created-meanwhile"]),
    ("contacts.py", "token-loop", ["refresh-fails"]),
    ("contacts.py", "forbidden-is-done", ["scope-missing"]),
    ("contacts.py", "sleeps-for-hours", ["retry-after-huge"]),
    ("contacts.py", "comes-back-early", ["retry-after-huge"]),
    ("contacts.py", "stops-at-the-first", ["poison-500"]),
    ("contacts.py", "letter-per-retry", ["burst-503", "rate-limited-seconds"]),
    ("contacts.py", "letters-at-the-end", ["crash-with-dead-letter"]),
    ("contacts.py", "casts", ["type-drift"]),
    ("contacts.py", "nulls-written", ["null-required"]),
    ("contacts.py", "made-up", ["missing-required"]),
    ("contacts.py", "double-money", ["sharp-values"]),
    ("contacts.py", "email-case", ["happy-path"]),
    ("contacts.py", "never-updates", ["happy-path"]),
    ("contacts.py", "never-updates", ["changed-between-runs"]),
    ("contacts.py", "done-once", ["changed-between-runs"]),
    ("contacts.py", "sent-once", ["changed-back"]),
    ("contacts.py", "dead-forever", ["mended-record-ignored"]),
    ("contacts.py", "gone-is-done", ["deleted-meanwhile"]),
    ("contacts.py", "writes-beside", ["happy-path"]),
    ("contacts.py", "cuts-bytes", ["happy-path"]),
    ("contacts.py", "cuts-units", ["happy-path"]),
    ("contacts.py", "packed-as-is", ["odd-framing"]),
    ("contacts.py", "no-jitter", ["retries-in-step"]),
    ("contacts.py", "key-without-case", ["happy-path"]),
    ("contacts.py", "no-reason", ["poison-record"]),
    ("contacts.py", "no-lock", ["started-twice"]),
    ("contacts.py", "token-in-baggage", ["happy-path"]),
    ("contacts.py", "state-in-place", ["crash-anywhere"]),
    ("contacts.py+consent", "consent-forgotten", ["refresh-rotates"]),
    ("contacts.py+consent", "consent-not-kept", ["refresh-rotates"]),
    ("contacts.mjs+consent", "asks-side-by-side", ["refresh-rotates"]),
    ("contacts.mjs", "last-wins", ["out-of-order"]),
    ("contacts.mjs", "side-by-side", ["overtaken-write"]),
    ("contacts.mjs", "merges-twins", ["equal-keys"]),
    ("contacts.mjs", "conflict-is-final", ["created-meanwhile"]),
    ("contacts.mjs", "token-loop", ["refresh-fails"]),
    ("contacts.mjs", "sleeps-for-hours", ["retry-after-huge"]),
    ("contacts.mjs", "drops-failed", ["poison-500"]),
    ("contacts.mjs", "casts", ["type-drift"]),
    ("contacts.mjs", "trips", ["null-required"]),
    ("contacts.mjs", "made-up", ["missing-required"]),
    ("contacts.mjs", "doubles", ["sharp-values"]),
    ("contacts.mjs", "no-retry-after", ["rate-limited-seconds", "rate-limited-date"]),
    ("contacts.mjs", "gate-per-request", ["rate-limited-seconds", "rate-limited-date"]),
    ("contacts.mjs", "no-timeout", ["timeout-before", "timeout-after-commit"]),
    ("contacts.mjs", "no-backoff", ["outage-then-recovery", "burst-503"]),
    ("contacts.mjs", "network-error-fatal", ["connection-reset", "connection-refused"]),
    ("contacts.mjs", "token-fatal", ["token-expires-midway"]),
    ("contacts.mjs", "refresh-per-request", ["token-expires-midway"]),
    ("contacts.mjs", "late-401", ["token-stampede"]),
    ("contacts.mjs", "follows-redirects", ["redirect-elsewhere"]),
    ("contacts.mjs", "parse-error-is-empty", ["truncated-json", "html-page"]),
    ("contacts.mjs", "envelope-is-empty", ["error-envelope-200"]),
    ("contacts.mjs", "stops-at-empty-page", ["empty-page-midway"]),
    ("contacts.mjs", "always-creates", ["second-run-idle", "happy-path"]),
    ("contacts.mjs", "drops-refused", ["poison-record", "client-error-not-retried"]),
    ("contacts.mjs", "errors-with-token", ["poison-record", "client-error-not-retried"]),
    ("contacts.mjs", "always-success", ["outage-then-recovery", "repeating-cursor", "redirect-elsewhere"]),
    ("contacts.mjs", "always-success", ["source-outage"]),
    ("contacts.mjs", "renews-for-ever", ["fresh-token-refused"]),
    ("contacts.mjs", "enum-guessed", ["unknown-enum"]),
    ("contacts.mjs", "float-money", ["happy-path"]),
    ("contacts.mjs", "no-correlation", ["uncorrelated-write"]),
    ("contacts.mjs", "id-per-attempt", ["committed-then-503", "committed-then-reset", "half-close"]),
    ("contacts.mjs", "disable-ignored", ["disabled-midway"]),
    ("contacts.mjs", "switch-read-once", ["disabled-midway"]),
    ("contacts.mjs", "sigterm-ignored", ["ended-midway"]),
    ("contacts.mjs", "parts-characters", ["odd-framing"]),
    ("entries.mjs", "error-is-written", ["error-envelope-200"]),
    ("entries.mjs", "in-progress-is-done", ["idempotency-key-in-progress"]),
    ("entries.mjs", "in-progress-is-final", ["idempotency-key-in-progress"]),
    ("entries.mjs", "key-per-attempt", ["idempotency-key-in-progress"]),
    ("entries.mjs", "key-per-attempt", ["stored-error-replayed"]),
    ("entries.mjs", "key-per-run", ["crash-anywhere"]),
    ("entries.mjs", "new-key-on-conflict", ["key-conflict"]),
    ("entries.mjs", "unauthorized-is-done", ["key-revoked"]),
    ("entries.mjs", "follows-redirects", ["redirect-of-write"]),
    ("entries.mjs", "noted-first", ["crash-anywhere"]),
    ("entries.mjs", "letters-at-the-end", ["crash-with-dead-letter"]),
    ("entries.mjs", "refused-is-done", ["poison-record"]),
    ("entries.mjs", "kind-guessed", ["unknown-enum"]),
    ("entries.mjs", "nulls-are-zero", ["null-required"]),
    ("entries.mjs", "nulls-are-zero", ["missing-required"]),
    ("entries.mjs", "exclusive-boundary", ["equal-timestamps"]),
    ("entries.mjs", "since-now", ["equal-timestamps"]),
    ("entries.mjs", "checkpoint-despite", ["failed-record-forgotten"]),
    ("entries.mjs", "first-page", ["happy-path"]),
    ("entries.mjs", "always-cents", ["happy-path"]),
    ("entries.mjs", "doubles", ["happy-path"]),
    ("entries.mjs", "float-money", ["happy-path"]),
    ("entries.mjs", "sign-dropped", ["happy-path"]),
    ("entries.mjs", "cuts-bytes", ["happy-path"]),
    ("entries.mjs", "cuts-units", ["happy-path"]),
    ("entries.mjs", "ascii-only", ["happy-path"]),
    ("entries.mjs", "untrimmed", ["happy-path"]),
    ("entries.mjs", "memo-lost", ["happy-path"]),
    ("entries.mjs", "local-time", ["happy-path"]),
    ("entries.mjs", "disable-ignored", ["disabled-midway"]),
    ("entries.mjs", "sigterm-ignored", ["ended-midway"]),
    ("offers.py", "partial-ignored", ["partial-batch", "poison-in-batch"]),
    ("offers.py", "whole-batch-again", ["partial-batch"]),
    ("offers.py", "forgets-failed", ["failed-record-forgotten"]),
    ("offers.py", "silence-is-success", ["batch-result-missing"]),
    ("offers.py", "content-once", ["happy-path"]),
    ("offers.py", "mended-later", ["happy-path"]),
    ("offers.py", "sent-twice", ["happy-path"]),
    ("offers.py", "one-look", ["delete-while-paging"]),
    ("offers.py", "one-look", ["update-while-paging"]),
    ("offers.py", "one-look", ["total-mismatch"]),
    ("offers.py", "since-now", ["insert-while-paging"]),
    ("offers.py", "last-wins", ["out-of-order"]),
    ("offers.py", "marked-first", ["crash-in-batch"]),
    ("offers.py", "casts", ["type-drift"]),
    ("offers.py", "nulls-are-zero", ["null-required"]),
    ("offers.py", "made-up", ["missing-required"]),
    ("vouchers.py", "casts", ["type-drift"]),
    ("vouchers.py", "made-up", ["missing-required", "null-required"]),
    ("vouchers.py", "trips", ["null-object"]),
    ("vouchers.py", "parsed-first", ["webhook-body-spaced"]),
    ("vouchers.py", "parsed-first", ["webhook-body-altered"]),
    ("vouchers.py", "one-at-a-time", ["webhook-burst"]),
    ("vouchers.py", "strict-clock", ["webhook-clock-skew"]),
    ("vouchers.py", "huge-kills", ["webhook-huge-body"]),
    ("vouchers.py", "works-first", ["webhook-slow-ack"]),
    ("vouchers.py", "any-path", ["webhook-wrong-path"]),
    ("vouchers.py", "any-event", ["webhook-other-event"]),
    ("vouchers.py", "first-signature", ["webhook-several-signatures"]),
    ("vouchers.py", "prefix-compared", ["webhook-forged"]),
    ("changes.py", "side-by-side", ["order-per-key"]),
    ("changes.py", "last-wins", ["webhook-out-of-order"]),
    ("changes.py", "first-stands", ["webhook-same-version"]),
    ("changes.py", "new-secret-only", ["webhook-secret-rotates"]),
    ("changes.py", "any-secret", ["webhook-secret-rotates", "webhook-forged"]),
    ("changes.py", "merges-twins", ["equal-keys"]),
    ("guests.py", "nobody-leaves", ["deleted-at-source"]),
    ("guests.py", "gone-is-refused", ["delete-fails"]),
    ("guests.py", "gone-for-good", ["restored-at-source"]),
    ("guests.py", "a-part-is-all", ["sweep-after-partial-read"]),
    ("guests.py", "merges-twins", ["equal-keys"]),
    ("roll.py", "taken-is-done", ["accepted-then-failed"]),
    ("roll.py", "tells-nobody", ["accepted-then-failed"]),
    ("roll.py", "any-guest-will-do", ["accepted-then-failed"]),
    ("vouchers.py", "no-key", ["crash-anywhere", "ended-midway"]),
    ("vouchers.py", "random-key", ["committed-then-503", "committed-then-reset"]),
    ("vouchers.py", "no-dedupe", ["webhook-duplicated", "second-run-idle"]),
    ("vouchers.py", "unsigned-taken", ["webhook-forged"]),
    ("vouchers.py", "tells-what-was-due", ["webhook-forged"]),
    ("vouchers.py", "posts-what-it-sweeps", ["failed-record-forgotten"]),
    ("vouchers.py", "since-now", ["webhook-missed"]),
    ("vouchers.py", "old-taken", ["webhook-replayed"]),
    ("vouchers.py", "acknowledges-first", ["webhook-crash-before-answer"]),
    ("vouchers.py", "no-sweep", ["webhook-missed"]),
    ("vouchers.py", "sigterm-ignored", ["happy-path"]),
    ("vouchers.py", "disable-ignored", ["disabled-midway"]),
]

# Programs that are there for a few drills: those alone where time is short.
THERE_FOR = {
    "contacts.py+consent": ["refresh-rotates"],
    "contacts.mjs+consent": ["refresh-rotates"],
    "changes.py": ["order-per-key", "webhook-out-of-order", "webhook-same-version", "webhook-secret-rotates"],
    "guests.py": ["deleted-at-source", "delete-fails", "restored-at-source", "sweep-after-partial-read"],
    "roll.py": ["accepted-then-failed"],
}

# One drill each that is over in a moment.
QUICK = [
    ("contacts.py", "no-retry-after"), ("contacts.py", "swallows-quietly"), ("contacts.py", "checkpoint-before-write"),
    ("contacts.mjs", "gate-per-request"), ("contacts.mjs", "disable-ignored"), ("contacts.mjs", "parts-characters"),
    ("vouchers.py", "unsigned-taken"), ("vouchers.py", "random-key"),
    ("contacts.py", "gone-is-done"), ("entries.mjs", "unauthorized-is-done"), ("offers.py", "content-once"),
    ("contacts.mjs", "renews-for-ever"), ("guests.py", "gone-is-refused"), ("contacts.py", "no-jitter"), ("contacts.py", "no-lock"),
]


def strangers():
    """Mutants of the table that no program knows: they would break nothing, and be killed for that."""
    out = []
    for name, (_, command, _) in PROGRAMS.items():
        listed = subprocess.run([*command.split(), "--mutants"], cwd=ROOT, env={**os.environ, "MUT": ""}, capture_output=True, text=True)
        known = listed.stdout.split()
        out += [f"{name} knows no {m[1]}" for m in MUTANTS if m[0] == name and m[1] not in known]
        refused = subprocess.run(command.split(), cwd=ROOT, env={**os.environ, "MUT": "no-such-mutant"}, capture_output=True, text=True)
        if refused.returncode == 0 or "breaks nothing here" not in refused.stderr:
            out.append(f"{name} takes a mutant that it does not know")
    return out


def drill(server, store, program, mutant, only=None, seed=1, jobs=8, more=()):
    contract, command, flags = PROGRAMS[program]
    call = [server, "--store", store, "drill", contract, "--command", command, "--format", "json", "--seed", str(seed),
            "--schedules", "1", "--jobs", str(jobs), *flags, *more]
    if only:
        call += ["--only", only]
    done = subprocess.run(call, cwd=ROOT, env={**os.environ, "MUT": mutant}, capture_output=True, text=True)
    if done.returncode > 1:
        return None, done.stderr.strip()
    return json.loads(done.stdout), ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default=os.path.join(ROOT, "target", "debug", "platform-integration"))
    parser.add_argument("--only", help="one program, or PROGRAM:MUTANT")
    parser.add_argument("--quick", action="store_true", help="a few mutants; every correct program all the same")
    parser.add_argument("--seeds", type=int, default=1, help="how often each correct program is drilled")
    parser.add_argument("--jobs", type=int, default=8, help="drills of a correct program at a time")
    parser.add_argument("--side-by-side", type=int, default=3, help="mutants at a time")
    args = parser.parse_args()
    if unknown := strangers():
        print("\n".join(unknown))
        return 2
    started = time.monotonic()
    program, _, mutant = (args.only or "").partition(":")
    wanted = [m for m in MUTANTS if program in ("", m[0]) and mutant in ("", m[1])]
    if args.quick:
        wanted = [m for m in wanted if (m[0], m[1]) in QUICK]
    false_alarms, survivors, kills, runs = [], [], 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        sound = []
        for name in PROGRAMS if not mutant else []:
            some = THERE_FOR.get(name, [None]) if args.quick else [None]
            sound += [(name, seed, only) for seed in range(1, args.seeds + 1) for only in some if program in ("", name)]

        def hold(entry):
            name, seed, only = entry
            store = os.path.join(scratch, f"{name}-{seed}-{only}.db")
            return entry, drill(args.server, store, name, "", only=only, seed=seed, jobs=args.jobs)

        # They mostly wait: two at a time take hardly longer than one.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for (name, seed, only), (answer, why) in pool.map(hold, sound):
                if answer is None:
                    print(f"ERROR  {name}: {why}")
                    return 2
                runs += len(answer["drills"])
                blamed = [d for d in answer["drills"] if d["verdict"] != "PASS"]
                if only and not answer["drills"]:
                    blamed = [{"code": only, "verdict": "NOT PLAYED", "failures": []}]
                for row in blamed:
                    because = "; ".join(f["because"] for f in row["failures"]) or "; ".join(row.get("caveats", []))
                    false_alarms.append((name, seed, row["code"], row["verdict"], because))
                    print(f"ALARM  {name} seed {seed} {row['code']} {row['verdict']}: {because}")
                what = f"{name} seed {seed}{f' {only}' if only else ''}"
                print(f"       {what}: {answer['tally']['passed']} of {answer['tally']['run']} passed", flush=True)

        def hunt(entry):
            name, mut, meant, *more = entry
            store = os.path.join(scratch, f"{name}-{mut}-{meant[0]}.db")
            for code in meant:
                # a drill may need another seed to hit the place where the mutant is wrong
                for seed in (1, 2, 3):
                    answer, why = drill(args.server, store, name, mut, only=code, seed=seed, jobs=1, more=more[0] if more else ())
                    if answer is None:
                        return entry, None, why
                    rows = [d for d in answer["drills"] if d["verdict"] in ("FAIL", "PARTIAL")]
                    if rows:
                        row = rows[0]
                        because = row["failures"][0]["because"] if row["failures"] else "; ".join(row.get("caveats", []))
                        return entry, code, f"seed {seed}: {because}"
            return entry, None, "survived " + ", ".join(meant)

        with concurrent.futures.ThreadPoolExecutor(args.side_by_side) as pool:
            for (name, mut, *_), code, because in pool.map(hunt, wanted):
                if code:
                    kills += 1
                    print(f"killed {name}:{mut} by {code}: {because[:150]}", flush=True)
                else:
                    survivors.append(f"{name}:{mut}")
                    print(f"ALIVE  {name}:{mut}: {because[:300]}", flush=True)
    print(f"\n{kills} of {len(wanted)} mutants killed, {len(false_alarms)} false alarms in {runs} drills of correct programs, "
          f"{time.monotonic() - started:.0f} s")
    return 0 if not survivors and not false_alarms else 1


if __name__ == "__main__":
    sys.exit(main())
