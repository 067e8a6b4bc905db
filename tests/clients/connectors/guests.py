"""Members of a club become guests at its door, and who has left is one no more: tests/fixtures/lab/deletes as a job. Standard library
only.

Reads the whole list on every run. What it made and the list no longer shows is deleted, and only after the list was read to its
end twice. MUT=name breaks it in one way.
"""

import contextlib
import json
import os
import sys
import urllib.parse

import contacts
import mutants
from contacts import GaveUp, Refused, Stopped, log
from mutants import broken


def members(club):
    """All of them, by key."""
    found, cursor, been = {}, None, set()
    while True:
        query = {"limit": os.environ.get("PAGE_SIZE", "50"), **({"after": cursor} if cursor else {})}
        try:
            page = club.call("GET", "/members?" + urllib.parse.urlencode(query))
            if not isinstance(page.get("data"), list) or not isinstance(page.get("has_more"), bool):
                raise GaveUp("a page that is none")
        except GaveUp:
            if found and broken("a-part-is-all"):
                return found
            raise
        found.update((member["id"], member) for member in page["data"])
        if not page["has_more"]:
            return found
        cursor = page.get("next")
        if not cursor or cursor in been:
            raise GaveUp("more follows, and nothing leads to it")
        been.add(cursor)


def push(door, member, trace):
    """Tells the id of the guest."""
    guest = {name: member.get(name) for name in ("email", "name")}
    for name, value in guest.items():
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{name} is no text")
    for look in range(4):
        found = door.call("GET", "/guests?" + urllib.parse.urlencode({"email": guest["email"]}), trace=trace).get("data")
        if found is None:
            raise GaveUp("a search without data")
        try:
            if found:
                door.call("PATCH", f"/guests/{found[0]['id']}", guest, trace=trace)
                return found[0]["id"]
            return door.call("POST", "/guests", guest, trace=trace)["id"]
        except Refused as error:
            for _ in range(3 if broken("conflict-again") else 0):
                with contextlib.suppress(Refused):
                    return door.call("POST", "/guests", guest, trace=trace)["id"]
            # Somebody made it meanwhile, or an attempt of ours did whose answer was lost.
            if error.status != 409 or found or look == 3:
                raise
            contacts.sleep(contacts.backoff(look))


def remove(door, guest):
    try:
        door.call("DELETE", f"/guests/{guest}")
    except Refused as error:
        if error.status != 404 or broken("gone-is-refused"):
            raise


def run():
    club = contacts.System(os.environ["CLUB_BASE_URL"], lambda renew=False: {})
    door = contacts.System(os.environ["DOOR_BASE_URL"], lambda renew=False: {})
    state = contacts.State(os.environ["STATE_DIR"])
    done, buried, failed = state.kept["done"], 0, 0
    found = members(club)
    for key, member in found.items():
        digest, known = contacts.digest_of(member), done.get(key, {})
        if known.get("digest") == digest or known.get("left"):
            continue
        settled = {"digest": digest, "email": member.get("email")}
        twins = [other for other, one in done.items() if one.get("guest") and one["email"] == settled["email"] and other != key]
        try:
            if twins and not broken("merges-twins"):
                raise ValueError(f"member {twins[0]} has the same email")
            settled["guest"] = push(door, member, digest[:32])
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
    gone = [key for key in done if key not in found]
    if gone and not broken("nobody-leaves") and not failed:
        again = {} if broken("a-part-is-all") else members(club)
        for key in (key for key in gone if key not in again):
            guest = done[key].get("guest")
            if guest:
                remove(door, guest)
            if broken("gone-for-good"):
                done[key] = {"left": True}
            else:
                del done[key]
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
