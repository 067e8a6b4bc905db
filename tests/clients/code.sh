#!/usr/bin/env bash
# Connectors as code: scaffolds both languages for four examples, runs their tests, and drills them over loopback.
# code.sh BINARY PYTHON NODE_BIN WORK: the program, a python3 with venv, a directory with node and npm in it, and where to work.
set -euo pipefail
bin=$(realpath "$1") python=$2 node=$(realpath "$3") work=$4
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
mkdir -p "$work"
work=$(realpath "$work")

if ! "$work/venv/bin/python" -c 'import httpx, pytest, simplejson, tzdata' 2>/dev/null; then
  "$python" -m venv --clear "$work/venv"
  "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'httpx>=0.27,<1' 'simplejson>=3.19' 'pytest>=8' tzdata
fi
export PATH="$work/venv/bin:$node:$PATH" NODE_NO_WARNINGS=1 PYTHONDONTWRITEBYTECODE=1

# drilled EXAMPLE LANGUAGE COMMAND: every drill, once; what is sent webhooks stays up
drilled() {
  local dir=$work/$1-$2 service=()
  if grep -q 'webhook:' "$dir/integration.yaml"; then service=(--service); fi
  echo "--- $1 in $2"
  (cd "$dir" && "$bin" drill integration.yaml --schedules 1 --command "$3" "${service[@]}" --time-scale 10 --store drills.db >drills.txt 2>drills.log) || {
    cat "$dir/drills.txt" "$dir/drills.log"
    return 1
  }
  grep -E '^(PASS|PARTIAL|FAIL|UNPROVEN) ' "$dir/drills.txt"
}

for example in billing-to-crm payments-to-ledger stock-to-market tills-to-books; do
  for language in python typescript; do
    rm -rf "${work:?}/$example-$language"
    (cd "$work" && "$bin" scaffold "$root/examples/$example/integration.yaml" --target "$language" --out "$example-$language" --store scaffold.db >/dev/null)
  done
  (cd "$work/$example-python" && python -m pytest -q -p no:cacheprovider)
  drilled "$example" python "python -m connector"
  (
    cd "$work/$example-typescript"
    # What all examples need is installed once.
    if [ -d "$work/node_modules" ]; then cp -r "$work/node_modules" .; else
      npm install --silent --no-audit --no-fund
      cp -r node_modules "$work/"
    fi
    npm test --silent >test.log 2>&1 || { cat test.log; exit 1; }
    grep -E '^# (tests|pass|fail)' test.log
  )
  drilled "$example" typescript "node dist/src/main.js"
done

# Every transform of the language, by its examples, in both.
cd "$root"
CODE_NODE_MODULES=$work/node_modules cargo test --locked --quiet --test it code::
