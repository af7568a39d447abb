#!/usr/bin/env bash
# Everything that must hold, in one command. On a Debian machine that has cargo it brings what is missing and says what,
# runs every part, and fails if a part fails or cannot run: nothing is skipped.
#
#   tests/run.sh               everything
#   tests/run.sh --list        the parts
#   tests/run.sh --only PART   one part
#   tests/run.sh --nightly     what takes too long for every change: gateways are killed 10,000 times, half of them over
#                              SQLite and half over Postgres, 100,000 claims race on each, and real clients wait ten
#                              minutes; little more than an hour
set -uo pipefail
cd "$(dirname "$0")/.."

parts=(format lints tests sql postgres guard policies opa verifier conformance peers channels hooks slack telemetry browser bench)
nightly=(soak patience)
installed="$PWD/target/peers"

case "${1:-}" in
  "") ;;
  --list) printf '%s\n' "${parts[@]}" "${nightly[@]}"; exit 0 ;;
  --nightly) parts=("${nightly[@]}") ;;
  --only)
    for part in "${parts[@]}" "${nightly[@]}"; do [ "$part" = "${2:-}" ] && chosen="$part"; done
    [ -n "${chosen:-}" ] || { echo "tests/run.sh: there is no part \`${2:-}\`; there are: ${parts[*]} ${nightly[*]}" >&2; exit 2; }
    parts=("$chosen") ;;
  *) sed -n '2,10p' "$0" >&2; exit 2 ;;
esac
command -v cargo >/dev/null || { echo "tests/run.sh: install Rust 1.95 or later first: https://rustup.rs" >&2; exit 1; }

say() { printf '\n== %s\n' "$*"; }
# What hangs fails here and is named, and the parts after it still run. It waits beside it, so that Ctrl-C is heard.
running=""
within() {
  local code
  timeout --kill-after=10 "$@" &
  running=$!
  wait "$running"
  code=$?
  running=""
  [ "$code" -ne 124 ] || echo "stopped after $1, and it had not ended"
  return "$code"
}
wanted() { [[ " ${parts[*]} " == *" $1 "* ]]; }

# What the wanted parts need from Debian.
bring() {
  local missing=() root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  need() { command -v "$1" >/dev/null || missing+=("${@:2}"); }
  need cc gcc libc6-dev
  ! wanted sql || compgen -G '/usr/lib/llvm-*/lib/libclang.so*' >/dev/null || missing+=(libclang-dev)
  if wanted postgres || wanted guard || wanted soak || wanted bench; then
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  fi
  ! wanted postgres || PATH="$PATH:/usr/sbin" need pgbouncer pgbouncer
  if wanted conformance || wanted peers || wanted patience || wanted opa || wanted channels || wanted telemetry || wanted hooks || wanted verifier || wanted guard; then
    need python3 python3
  fi
  ! wanted browser || need chromium chromium
  if wanted conformance || wanted peers || wanted patience || wanted browser || wanted channels || wanted hooks || wanted slack || wanted guard; then
    need node nodejs
    need npm npm
  fi
  ! { wanted tests || wanted peers || wanted patience; } || need git git
  # A time-stamping authority for the anchors.
  ! wanted tests || need openssl openssl
  if wanted peers || wanted patience || wanted opa || wanted channels || wanted telemetry || wanted verifier; then
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  fi
  ! wanted bench || PATH="$PATH:/usr/sbin" need nginx nginx
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "bringing from Debian: ${missing[*]}"
  "${root[@]}" apt-get update -qq &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# A Postgres of our own, thrown away at the end. It refuses to run as root.
cluster=""
as_postgres() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
start_postgres() {
  local port try
  programs=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1)
  cluster=$(mktemp -d)
  [ "$(id -u)" -ne 0 ] || chown postgres "$cluster"
  (cd "$cluster" && as_postgres "$programs/initdb" -D "$cluster/data" -U countersign --auth=trust --no-sync >/dev/null) || return 1
  # Roles that are made for single calls come in with a password, and what makes them is logged.
  printf '%s\n' 'local all all trust' 'host all countersign 127.0.0.1/32 trust' 'host all all 127.0.0.1/32 scram-sha-256' \
    >"$cluster/data/pg_hba.conf"
  for try in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 20000))
    if (cd "$cluster" && as_postgres "$programs/pg_ctl" -D "$cluster/data" -w -l "$cluster/log" \
      -o "-p $port -k $cluster -c listen_addresses=127.0.0.1 -c max_connections=200 -c log_statement=ddl" start >/dev/null); then
      database_port=$port
      export COUNTERSIGN_TEST_POSTGRES_LOG="$cluster/log"
      export COUNTERSIGN_TEST_POSTGRES="postgres://countersign@127.0.0.1:$port/postgres"
      return 0
    fi
  done
  cat "$cluster/log" >&2
  return 1
}
# In front of it a proxy that pools transactions: once as it comes, and once told to drop the settings it does not know.
start_proxy() {
  local name=$1 ignored=$2 port try
  for try in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 20000))
    printf '%s\n' '[databases]' "* = host=127.0.0.1 port=$database_port user=countersign" '[pgbouncer]' \
      'listen_addr = 127.0.0.1' "listen_port = $port" 'unix_socket_dir =' 'auth_type = any' 'pool_mode = transaction' \
      "logfile = $cluster/$name.log" "pidfile = $cluster/$name.pid" "ignore_startup_parameters = $ignored" \
      >"$cluster/$name.ini"
    (cd "$cluster" && PATH="$PATH:/usr/sbin" as_postgres pgbouncer -q -d "$cluster/$name.ini") || continue
    export COUNTERSIGN_TEST_PROXIES="${COUNTERSIGN_TEST_PROXIES:-} postgres://countersign@127.0.0.1:$port/postgres"
    return 0
  done
  cat "$cluster/$name.log" >&2
  return 1
}
stop_postgres() {
  [ -n "$cluster" ] || return 0
  local pid
  for pid in "$cluster"/*.pid; do [ ! -e "$pid" ] || kill "$(cat "$pid")"; done
  (cd "$cluster" && as_postgres "$programs/pg_ctl" -D "$cluster/data" -m immediate stop >/dev/null 2>&1)
  rm -rf "$cluster"
}
trap stop_postgres EXIT
trap '[ -z "$running" ] || kill "$running"; exit 130' INT TERM

gateway() { cargo build --quiet --bin countersign && gateway="$PWD/target/debug/countersign"; }

format() { cargo fmt --check; }

lints() { cargo clippy --quiet --all-targets -- -D warnings; }

# Gateways are killed 200 times here and 100 times over Postgres.
tests() { COUNTERSIGN_CYCLES=200 within 25m cargo test --quiet --no-fail-fast; }

# The examples for frameworks, as they are; and how long a client waits for its hook, in a build that was not optimised.
hooks() {
  COUNTERSIGN_TEST_LANGUAGES=1 within 10m cargo test --quiet --test stories -- the_examples_for_frameworks &&
    gateway && within 2m python3 tests/hooks/measure.py "$gateway"
}

# PostgreSQL's own parser reads the same texts. A package of its own, because it compiles C; the lock file is kept.
sql() { within 15m cargo test --quiet --locked --manifest-path tests/pg_query/Cargo.toml --target-dir target; }

postgres() {
  start_postgres || { echo "the throw-away Postgres did not start"; return 1; }
  start_proxy strict "" && start_proxy lenient extra_float_digits,options ||
    { echo "the proxy before it did not start"; return 1; }
  local heard="$cluster.heard" code
  COUNTERSIGN_CYCLES=100 within 15m cargo test --quiet --test contracts --test stories -- --format=pretty postgres:: | tee "$heard"
  code=$?
  # Without an address the contracts have no such test and would pass with nothing asked.
  grep -q '^test postgres::[a-z_]* .* ok' "$heard" || { echo "no contract was asked of Postgres"; code=1; }
  grep -q '^test postgres::proxy::.* ok' "$heard" || { echo "nothing was asked through the proxy"; code=1; }
  rm -f "$heard"
  return $code
}

# The guarded database of the examples, by its one command. It brings its tool server from npm itself.
guard() { gateway && within 5m python3 tests/guard/check.py --gateway "$gateway"; }

# Each story kills its own half, and says what it saw.
soak() {
  [ -n "$cluster" ] || start_postgres || { echo "the throw-away Postgres did not start"; return 1; }
  COUNTERSIGN_CYCLES=5000 within 3h cargo test --quiet --test stories -- --test-threads=1 killed_nothing_runs_twice &&
    COUNTERSIGN_CLAIMS=100000 within 1h cargo test --quiet --test contracts -- --test-threads=1 race_of_many_claims
}

policies() { gateway && "$gateway" policy check policies && "$gateway" policy test policies; }

# The policies mean the same in OPA itself: the wheel holds its Go library, and asks for a newer Python than it needs.
opa() {
  local opa=opa-golib-python-bindings==0.4.4 to="$installed/opa"
  if [ ! -e "$to/$opa" ]; then
    say "bringing from PyPI: OPA (into target/peers)"
    python3 -m venv --clear "$to" &&
      "$to/bin/python" -m pip -q --disable-pip-version-check install --no-deps --ignore-requires-python "$opa" &&
      touch "$to/$opa" || return 1
  fi
  gateway && within 10m "$to/bin/python" tests/opa/check.py --gateway "$gateway"
}

# A second program that checks the record, written from the page that describes it, says the same as ours.
verifier() {
  local signatures=cryptography==48.0.0 to="$installed/verifier"
  if [ ! -e "$to/$signatures" ]; then
    say "bringing from PyPI: Ed25519 (into target/peers)"
    python3 -m venv --clear "$to" &&
      "$to/bin/python" -m pip -q --disable-pip-version-check install --only-binary :all: "$signatures" &&
      touch "$to/$signatures" || return 1
  fi
  gateway && within 5m "$to/bin/python" -B tests/verifier/agree.py --gateway "$gateway"
}

# The package files are copied because npm writes beside them, and nothing is written into the source tree.
conformance() {
  local from=tests/conformance/fixture to="$installed/conformance"
  if ! cmp -s "$from/package-lock.json" "$to/installed"; then
    say "bringing from npm: the official conformance suite (into target/peers)"
    mkdir -p "$to" && cp "$from/package.json" "$from/package-lock.json" "$to/" &&
      (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) &&
      cp "$from/package-lock.json" "$to/installed" || return 1
  fi
  gateway && within 15m python3 tests/conformance/run.py --gateway "$gateway" --modules "$to/node_modules"
}

# Brings its clients and servers from npm and PyPI itself. Calls that wait 90 seconds do so beside the others.
peers() { gateway && within 20m python3 tests/peers/run.py --gateway "$gateway" --install-dir "$installed/matrix"; }

# What others sign and check webhooks with, from npm and PyPI.
channels() {
  local from=tests/channels/peers to="$installed/channels" library=standardwebhooks==1.1.0
  if ! cmp -s "$from/package-lock.json" "$to/installed"; then
    say "bringing from npm and PyPI: Standard Webhooks (into target/peers)"
    mkdir -p "$to" && cp "$from/package.json" "$from/package-lock.json" "$to/" &&
      (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) &&
      python3 -m venv --clear "$to/python" &&
      "$to/python/bin/python" -m pip -q --disable-pip-version-check install --no-deps "$library" &&
      cp "$from/package-lock.json" "$to/installed" || return 1
  fi
  # Node looks for packages beside the files it runs.
  cp "$from"/*.mjs "$to/" || return 1
  gateway && within 5m "$to/python/bin/python" tests/channels/peers/run.py --gateway "$gateway" --modules "$to"
}

# What we post is what Slack's own types say can be posted. A test says whether what was kept of it is what we post.
slack() {
  local from=tests/slack to="$installed/slack"
  if ! cmp -s "$from/package-lock.json" "$to/installed"; then
    say "bringing from npm: the types of Slack's interface (into target/peers)"
    mkdir -p "$to" && cp "$from/package.json" "$from/package-lock.json" "$to/" &&
      (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) &&
      cp "$from/package-lock.json" "$to/installed" || return 1
  fi
  cp "$from/types.mjs" "$to/" && within 5m node "$to/types.mjs" tests/slack/sent.json
}

# OpenTelemetry's own protocol files and Prometheus' own client read what is told of calls.
telemetry() {
  local proto=opentelemetry-proto==1.45.2 client=prometheus_client==0.26.0 to="$installed/telemetry"
  if [ ! -e "$to/$proto-$client" ]; then
    say "bringing from PyPI: OpenTelemetry's protocol and Prometheus' client (into target/peers)"
    python3 -m venv --clear "$to" &&
      "$to/bin/python" -m pip -q --disable-pip-version-check install "$proto" "$client" &&
      touch "$to/$proto-$client" || return 1
  fi
  gateway && within 5m "$to/bin/python" tests/telemetry/check.py --gateway "$gateway"
}

# People sign in and decide in a real browser. The stories' executable is also whom they sign in with.
browser() {
  local from=tests/browser to="$installed/browser" stories
  if ! cmp -s "$from/package-lock.json" "$to/installed"; then
    say "bringing from npm: what drives a browser, and what knows who can read a page (into target/peers)"
    mkdir -p "$to" && cp "$from/package.json" "$from/package-lock.json" "$to/" &&
      (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) &&
      cp "$from/package-lock.json" "$to/installed" || return 1
  fi
  # Node looks for packages beside the files it runs.
  rm -f "$to"/*.mjs && cp "$from"/*.mjs "$to/" || return 1
  stories=$(cargo test --quiet --test stories --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*stories-[^"]*\)".*/\1/p' | tail -1)
  [ -x "$stories" ] || { echo "the stories, which are the provider people sign in with, were not built"; return 1; }
  gateway && within 10m node "$to/run.mjs" --program "$gateway" --stories "$stories" --shots "$to/shots"
}

# Clients that send a progress token wait ten minutes on one open request.
patience() { gateway && within 30m python3 tests/peers/run.py --long --gateway "$gateway" --install-dir "$installed/matrix"; }

# That the benchmarks work, on what is built already; figures are those of a release: `cargo bench`.
bench() {
  [ -n "$cluster" ] || start_postgres || { echo "the throw-away Postgres did not start"; return 1; }
  within 20m cargo bench --quiet --profile dev --bench hop --bench holds --bench notices -- --smoke
}

bring || { echo "tests/run.sh: apt-get could not bring everything" >&2; exit 1; }
lines=()
passed=0
failed=0
for part in "${parts[@]}"; do
  say "$part"
  begun=$SECONDS
  if "$part"; then
    passed=$((passed + 1))
    lines+=("$part: passed in $((SECONDS - begun)) s")
  else
    failed=$((failed + 1))
    lines+=("$part: FAILED after $((SECONDS - begun)) s; alone: tests/run.sh --only $part")
  fi
done
say "result"
printf '%s\n' "${lines[@]}"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
