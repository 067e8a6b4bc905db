"""Ways to break a program of this directory, one at a time: MUT=name. What a file says in broken("name") is what there is."""

import os
import pathlib
import re
import sys

MUT = os.environ.get("MUT", "")


def broken(name):
    return MUT == name


def check(*files):
    """Refuses a name that none of these files knows: it would break nothing, and nobody would see. `--mutants` lists them."""
    text = "".join(pathlib.Path(file).read_text() for file in files)
    known = set(re.findall(r'broken\("([a-z0-9-]+)"\)', text))
    if sys.argv[1:] == ["--mutants"]:
        print("\n".join(sorted(known)))
        sys.exit(0)
    if MUT and MUT not in known:
        sys.exit(f"MUT={MUT} breaks nothing here; there are {', '.join(sorted(known))}")
