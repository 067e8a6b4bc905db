"""Everybody in the directory is on the guest roll: tests/fixtures/lab/accepted as a job. Standard library only.

The roll answers 202: it takes a write, and does it later or never. So each write is looked up, and what is not there after some
looks becomes a dead letter. Reads the whole directory on every run. MUT=name breaks it in one way.
"""

import json
import os
import sys
import urllib.parse

import contacts
import mutants
from contacts import GaveUp, Refused, Stopped, log
from mutants import broken

# Looks at the roll until a write that was taken counts as not done.
LOOKS = 5


def members(directory):
    """All that are active, oldest change first; the cursor stands in the body."""
    cursor, been = None, set()
    while True:
        page = {"size": int(os.environ.get("PAGE_SIZE", "50")), **({"cursor": cursor} if cursor else {})}
        found = directory.call("POST", "/members/search", {"filter": {"status": "active"}, "page": page})
        rows, after = found.get("members"), found.get("page")
        if not isinstance(rows, list) or not isinstance(after, dict) or "next_cursor" not in after:
            raise GaveUp("a page that is none")
        yield from rows
        cursor = after["next_cursor"]
        if not cursor:
            return
        if cursor in been:
            raise GaveUp("a cursor leads back to itself")
        been.add(cursor)


def mapped(member):
    guest = {}
    for name, of, most in (("email", "mail", 200), ("name", "name", 80)):
        value = member.get(of)
        if not isinstance(value, str) or not value.strip() or len(value) > most:
            raise ValueError(f"{of} is no text of at most {most} characters")
        guest[name] = value
    guest["email"] = guest["email"].strip().lower()
    return guest


def of_email(roll, email, trace):
    guests = roll.call("GET", "/guests?" + urllib.parse.urlencode({"email": email}), trace=trace).get("guests")
    if not isinstance(guests, list):
        raise GaveUp("a search without guests")
    return guests[0] if guests else None


def says(guest, wanted):
    return guest is not None and all(guest.get(name) == value for name, value in wanted.items())


def push(roll, wanted, trace):
    """Until the roll shows it."""
    for attempt in range(4):
        there = of_email(roll, wanted["email"], trace)
        if says(there, wanted):
            return
        try:
            if there is None:
                roll.call("POST", "/guests", wanted, trace=trace)
            else:
                roll.call("PATCH", f"/guests/{there['id']}", wanted, trace=trace)
            break
        except Refused as error:
            # Somebody made it meanwhile, or an attempt of ours did whose answer was lost.
            if error.status != 409 or attempt == 3:
                raise
            contacts.sleep(contacts.backoff(attempt))
    if broken("taken-is-done"):
        return
    for look in range(LOOKS):
        there = of_email(roll, wanted["email"], trace)
        if says(there, wanted) or (there is not None and broken("any-guest-will-do")):
            return
        contacts.sleep(contacts.backoff(look))
    if broken("tells-nobody"):
        return
    raise ValueError("it was taken with 202 and is not done")


def run():
    directory = contacts.System(os.environ["DIRECTORY_BASE_URL"], contacts.bearer(os.environ["DIRECTORY_TOKEN"]))
    roll = contacts.System(os.environ["QUEUE_BASE_URL"], lambda renew=False: {"X-Queue-Key": os.environ["QUEUE_KEY"]})
    state = contacts.State(os.environ["STATE_DIR"])
    done, buried, failed = state.kept["done"], 0, 0
    for member in members(directory):
        key, digest = member["id"], contacts.digest_of(member)
        known = done.get(key, {})
        if known.get("digest") == digest or isinstance(member.get("changed_at"), str) and member["changed_at"] < known.get("at", ""):
            continue
        settled = {"digest": digest, "at": member.get("changed_at") if isinstance(member.get("changed_at"), str) else ""}
        try:
            wanted = mapped(member)
            if twins := [other for other, one in done.items() if other != key and one.get("email") == wanted["email"]]:
                raise ValueError(f"member {twins[0]} has the same mail")
            push(roll, wanted, digest[:32])
            settled["email"] = wanted["email"]
        except (ValueError, Refused) as error:
            contacts.bury(member, error)
            buried += 1
        except contacts.Away:
            raise
        except GaveUp as error:
            log(level="error", key=key, failed=str(error))
            failed += 1
            if failed >= contacts.IN_A_ROW:
                raise
            continue
        done[key] = settled
        state.save()
    if failed:
        raise GaveUp(f"{failed} to be tried again")
    return buried


def main():
    mutants.check(__file__, contacts.__file__)
    try:
        with contacts.alone():
            buried = run()
    except Stopped as stopped:
        log(level="warn", stopped=str(stopped))
        return 3
    except (GaveUp, Refused) as error:
        log(level="error", failed=str(error))
        return 1
    log(level="info", ended=json.dumps({"dead letters": buried}))
    return 2 if buried else 0


if __name__ == "__main__":
    sys.exit(main())
