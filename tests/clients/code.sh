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

# scaffolded EXAMPLE LANGUAGE
scaffolded() {
  rm -rf "${work:?}/$1-$2"
  (cd "$work" && "$bin" scaffold "$root/examples/$1/integration.yaml" --target "$2" --out "$1-$2" --store "scaffold-$2.db" >/dev/null)
}

in_python() {
  scaffolded "$1" python
  # Compiled once: it is started some hundred times.
  (cd "$work/$1-python" && python -m pytest -q -p no:cacheprovider && python -m compileall -q connector)
  drilled "$1" python "python -m connector"
}

in_typescript() {
  scaffolded "$1" typescript
  (
    cd "$work/$1-typescript"
    # What all examples need is installed once.
    if [ -d "$work/node_modules" ]; then cp -r "$work/node_modules" .; else
      npm install --silent --no-audit --no-fund
      cp -r node_modules "$work/"
    fi
    npm test --silent >test.log 2>&1 || { cat test.log; exit 1; }
    grep -E '^# (tests|pass|fail)' test.log
  )
  drilled "$1" typescript "node dist/src/main.js"
}

trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# Both languages at once: what is drilled waits more than it works.
for example in billing-to-crm payments-to-ledger stock-to-market tills-to-books; do
  (set -e; in_python "$example") >"$work/$example-python.log" 2>&1 &
  one=$!
  (set -e; in_typescript "$example") >"$work/$example-typescript.log" 2>&1 &
  other=$!
  code=0
  wait "$one" || code=$?
  wait "$other" || code=$?
  cat "$work/$example-python.log" "$work/$example-typescript.log"
  [ "$code" -eq 0 ] || exit "$code"
done

# Every transform of the language, by its examples, in both.
cd "$root"
CODE_NODE_MODULES=$work/node_modules cargo test --locked --quiet --test it code::
