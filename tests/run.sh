#!/usr/bin/env bash
# Everything that must hold, in one command. Brings what is missing on a Debian machine that has cargo, says what it
# brings, runs every part, and fails if a part fails or cannot run: nothing is skipped.
#
#   tests/run.sh               everything
#   tests/run.sh --list        the parts
#   tests/run.sh --only PART   one part, after bringing what is missing
set -uo pipefail
cd "$(dirname "$0")/.."

PARTS=(format lints tests postgres policies conformance peers bench)
PEERS="$PWD/target/peers"
only=""
case "${1:-}" in
  --list) printf '%s\n' "${PARTS[@]}"; exit 0 ;;
  --only) only="${2:?--only needs the name of a part, see --list}" ;;
  "") ;;
  *) sed -n '2,7p' "$0" >&2; exit 2 ;;
esac

say() { printf '\n== %s\n' "$*"; }
die() { printf 'tests/run.sh: %s\n' "$*" >&2; exit 1; }
wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }

command -v cargo >/dev/null || die "cargo is missing; install Rust 1.95 or later first (https://rustup.rs)"
root=""
[ "$(id -u)" -eq 0 ] || root="sudo"

# What is missing.
packages=()
need() { command -v "$1" >/dev/null || packages+=("$2"); }
need nginx nginx-light
need npm npm
need node nodejs
need python3 python3
need git git
need cc gcc
need pg_ctl_of_debian postgresql
if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then packages=("${packages[@]/postgresql}"); fi
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
packages=($(printf '%s\n' "${packages[@]:-}" | grep -v '^$'))
if [ "${#packages[@]}" -gt 0 ]; then
  say "bringing from Debian: ${packages[*]}"
  $root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null \
    || die "apt-get could not install ${packages[*]}"
fi

mkdir -p "$PEERS"
if { wanted conformance || wanted peers; } && [ -f tests/conformance/package.json ]; then
  say "bringing from npm: Node 22, the conformance suite, servers and clients (into target/peers)"
  for part in conformance peers; do
    if [ -f "tests/$part/package.json" ]; then
      mkdir -p "$PEERS/$part"
      cp tests/$part/package*.json "$PEERS/$part/"
      (cd "$PEERS/$part" && npm ci --ignore-scripts --no-audit --no-fund --silent) || die "npm could not install the packages of tests/$part"
    fi
  done
fi

# A Postgres of our own, thrown away at the end.
cluster=""
stop_postgres() {
  [ -n "$cluster" ] || return 0
  as_postgres "$pg/pg_ctl" -D "$cluster/data" -m immediate stop >/dev/null 2>&1
  rm -rf "$cluster"
}
as_postgres() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
start_postgres() {
  pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
  cluster=$(mktemp -d)
  [ "$(id -u)" -ne 0 ] || chown postgres "$cluster"
  local port=$((20000 + RANDOM % 20000))
  as_postgres "$pg/initdb" -D "$cluster/data" -U countersign --auth=trust --no-sync >/dev/null || return 1
  as_postgres "$pg/pg_ctl" -D "$cluster/data" -w -o "-p $port -k $cluster -c listen_addresses=127.0.0.1 -c fsync=off" -l "$cluster/log" start >/dev/null || return 1
  export COUNTERSIGN_TEST_POSTGRES="postgres://countersign@127.0.0.1:$port/postgres"
}
trap stop_postgres EXIT

format() { cargo fmt --check; }
lints() { cargo clippy --quiet --all-targets -- -D warnings; }
tests() { cargo test --quiet --all-targets --no-fail-fast && cargo test --quiet --doc; }
postgres() {
  start_postgres || { echo "the throw-away Postgres did not start"; return 1; }
  local heard
  heard=$(cargo test --quiet --test contracts 2>&1); local code=$?
  printf '%s\n' "$heard"
  # Without the address the contracts know one database only; with it, both must have been asked.
  printf '%s\n' "$heard" | grep -qi postgres || { echo "the contracts did not run on Postgres"; return 1; }
  return $code
}
gateway() { cargo build --quiet --bin countersign && GATEWAY="$PWD/target/debug/countersign"; }
policies() { gateway && "$GATEWAY" policy check policies && "$GATEWAY" policy test policies; }
conformance() { gateway && python3 tests/conformance/run.py --gateway "$GATEWAY" --modules "$PEERS/conformance/node_modules"; }
peers() { gateway && python3 tests/peers/run.py --gateway "$GATEWAY" --install-dir "$PEERS/peers" --mode gateway; }
bench() { cargo bench --quiet --bench hop -- --smoke; }

passed=0
failed=()
for part in "${PARTS[@]}"; do
  wanted "$part" || continue
  say "$part"
  begun=$SECONDS
  if "$part"; then
    passed=$((passed + 1))
    printf '%s: passed in %s s\n' "$part" $((SECONDS - begun))
  else
    failed+=("$part")
    printf '%s: FAILED after %s s; run it alone with tests/run.sh --only %s\n' "$part" $((SECONDS - begun)) "$part"
  fi
done
[ "$passed" -gt 0 ] || [ "${#failed[@]}" -gt 0 ] || die "there is no part \`$only\`, see --list"
printf '\n%s passed, %s failed\n' "$passed" "${#failed[@]}"
[ "${#failed[@]}" -eq 0 ]
