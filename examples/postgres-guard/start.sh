#!/usr/bin/env bash
# A shop's database, a tool server that nobody changed, and Countersign between it and the agent. Needs Postgres' programs,
# node and npm. Everything it makes is in .state beside this file; --fresh begins anew.
set -euo pipefail
cd "$(dirname "$0")"
export GUARD_STATE="${GUARD_STATE:-$PWD/.state}"
[ "${1:-}" != --fresh ] || rm -rf "$GUARD_STATE"
mkdir -p "$GUARD_STATE"

missing() { echo "start.sh: $1" >&2; exit 1; }
countersign="${COUNTERSIGN:-countersign}"
command -v "$countersign" >/dev/null || missing "countersign is not on PATH; name it: COUNTERSIGN=/path/to/countersign $0"
command -v npm >/dev/null && command -v node >/dev/null || missing "install node and npm first"
programs=$(dirname "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1)")
psql=$(command -v psql || echo "$programs/psql")
[ -x "$programs/initdb" ] && [ -x "$psql" ] || missing "install Postgres first (apt install postgresql, brew install postgresql)"

server="$GUARD_STATE/server" package=mcp-postgres-server@0.3.1
if [ ! -e "$server/installed-$package" ]; then
  echo "bringing $package from npm"
  npm install --prefix "$server" --no-audit --no-fund --ignore-scripts --loglevel=error "$package"
  touch "$server/installed-$package"
fi

# Postgres does not run as root.
database="$GUARD_STATE/database" port="${GUARD_PORT:-54320}" as=()
if [ "$(id -u)" -eq 0 ]; then
  as=(runuser -u postgres --)
  database=$(cat "$GUARD_STATE/database.path" 2>/dev/null || runuser -u postgres -- mktemp -d /tmp/postgres-guard.XXXXXX)
  echo "$database" >"$GUARD_STATE/database.path"
fi
if [ ! -e "$database/data/PG_VERSION" ]; then
  (umask 077 && head -c 24 /dev/urandom | base64 | tr -d '/+=' >"$GUARD_STATE/broker.password")
  "${as[@]}" mkdir -p "$database/data"
  (cd "$database" && "${as[@]}" "$programs/initdb" -D "$database/data" -U owner --auth=trust --no-sync >/dev/null)
  # Only whoever owns the machine comes in without a password, and not over the network.
  printf '%s\n' 'local all owner trust' 'host all all 127.0.0.1/32 scram-sha-256' | "${as[@]}" tee "$database/data/pg_hba.conf" >/dev/null
  fresh=yes
fi
(cd "$database" && "${as[@]}" "$programs/pg_ctl" -D "$database/data" -w -l "$database/log" \
  -o "-p $port -k $database -c listen_addresses=127.0.0.1" start >/dev/null)
# It stays where it was started and ends with this script; the gateway is not replaced by it, so that both end.
trap '(cd "$database" && "${as[@]}" "$programs/pg_ctl" -D "$database/data" -m fast stop >/dev/null)' EXIT
owner() { (cd "$database" && "${as[@]}" "$psql" -q -v ON_ERROR_STOP=1 -h "$database" -p "$port" -U owner "$@"); }
if [ "${fresh:-}" = yes ]; then
  owner postgres -c 'CREATE DATABASE shop'
  owner shop -c "CREATE ROLE broker LOGIN CREATEROLE NOSUPERUSER PASSWORD '$(cat "$GUARD_STATE/broker.password")'"
  owner shop <setup.sql
fi

export GUARD_BROKER="postgres://broker:$(cat "$GUARD_STATE/broker.password")@127.0.0.1:$port/shop"
export USER="${USER:-$(id -un)}"
"$countersign" serve --config countersign.toml &
gateway=$!
trap 'kill "$gateway" 2>/dev/null' INT TERM
wait "$gateway" || wait "$gateway"
