#!/usr/bin/env bash
# Starts a private PostgreSQL and Redis, runs a command, and stops both servers when the command ends or is interrupted.
#
#   .ci/servers.sh go test ./models
#
# Both listen on free loopback ports and need a random password. Their data is in a temporary folder, which is removed at
# the end. They do not write durably, because no test needs its data after a crash. They set these variables:
#
#   TEST_DATABASE_URL      a superuser of PostgreSQL
#   TEST_REDIS_URL         Redis
#   TEST_REQUIRE_SERVERS   1: tests that need a server fail without it, instead of being skipped
#   CHROMIUM               the browser, if there is one
#
# If TEST_DATABASE_URL and TEST_REDIS_URL are already set, it only runs the command.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -gt 0 ] || { echo "usage: .ci/servers.sh COMMAND…" >&2; exit 2; }

export TEST_REQUIRE_SERVERS=1
if CHROMIUM=$("$here/find.sh" chromium); then export CHROMIUM; fi
if [ -n "${TEST_DATABASE_URL:-}" ] && [ -n "${TEST_REDIS_URL:-}" ]; then exec "$@"; fi

die() {
  printf 'servers: %s\n' "$*" >&2
  exit 1
}

postgres_bin=$("$here/find.sh" postgres) || die "PostgreSQL is missing: run make setup"
command -v redis-server >/dev/null || die "Redis is missing: run make setup"

work=$(mktemp -d "${TMPDIR:-/tmp}/parley-test.XXXXXX")
redis_pid=

cleanup() {
  local status=$?
  trap - EXIT
  if [ -e "$work/postgres/cluster/postmaster.pid" ]; then
    as_postgres "$postgres_bin/pg_ctl" -D "$work/postgres/cluster" -m immediate -w stop >/dev/null 2>&1 || true
  fi
  if [ -n "$redis_pid" ]; then
    kill "$redis_pid" 2>/dev/null || true
    wait "$redis_pid" 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# as_postgres runs a program of PostgreSQL, which refuses to run as root, as the user postgres if we are root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

free_port() {
  node -e '
    const server = require("net").createServer().listen(0, "127.0.0.1", () => {
      console.log(server.address().port);
      server.close();
    });'
}

password=$(node -p 'require("crypto").randomBytes(16).toString("hex")')

start_postgres() {
  local folder="$work/postgres" port
  port=$(free_port)
  chmod 711 "$work"
  mkdir "$folder"
  (umask 077 && printf '%s\n' "$password" >"$folder/password")
  if [ "$(id -u)" = 0 ]; then chown -R postgres "$folder"; fi
  as_postgres "$postgres_bin/initdb" -D "$folder/cluster" -U postgres -E UTF8 --locale=C --no-sync \
    --auth=password --pwfile="$folder/password" >"$work/initdb.log" 2>&1 ||
    die "initdb failed: $(tail -n 5 "$work/initdb.log")"
  cat >>"$folder/cluster/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$folder'
max_connections = 500
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
  as_postgres "$postgres_bin/pg_ctl" -D "$folder/cluster" -l "$folder/log" -w start >/dev/null ||
    die "PostgreSQL did not start: $(tail -n 5 "$folder/log")"
  export TEST_DATABASE_URL="postgres://postgres:$password@127.0.0.1:$port/postgres?sslmode=disable"
}

start_redis() {
  local port tries
  port=$(free_port)
  mkdir "$work/redis"
  redis-server - >"$work/redis/log" 2>&1 <<CONF &
bind 127.0.0.1
port $port
requirepass $password
save ""
appendonly no
dir $work/redis
CONF
  redis_pid=$!
  for ((tries = 0; tries < 100; tries++)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      export TEST_REDIS_URL="redis://default:$password@127.0.0.1:$port/0"
      return
    fi
    kill -0 "$redis_pid" 2>/dev/null || break
    sleep 0.1
  done
  die "Redis did not start: $(tail -n 5 "$work/redis/log")"
}

start_postgres
start_redis
"$@"
