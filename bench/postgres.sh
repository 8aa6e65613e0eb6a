# The benchmark's own PostgreSQL server, sourced by lib.sh. It runs in the work folder, on a free loopback port, with a
# password, and is as durable as in production. Each contender has its own database on it.
# shellcheck shell=bash
: "${work:?the folder of the run}"

postgres_bin=
postgres_port=
postgres_password=

# start_postgres DATABASE… starts the server with these empty databases.
start_postgres() {
  local name
  find_postgres
  local data="$work/postgres"
  mkdir "$data"
  chmod 711 "$work"
  postgres_port=$(free_port)
  postgres_password=$(node -p 'require("crypto").randomBytes(16).toString("hex")')
  printf '%s\n' "$postgres_password" >"$data/password"
  if [ "$(id -u)" = 0 ]; then chown -R postgres "$data"; fi
  as_postgres "$postgres_bin/initdb" -D "$data/cluster" -U postgres -E UTF8 --locale=C \
    --auth=scram-sha-256 --pwfile="$data/password" >"$work/initdb.log" 2>&1 ||
    die "initdb failed: $(tail -n 5 "$work/initdb.log")"
  cat >>"$data/cluster/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $postgres_port
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
fsync = on
synchronous_commit = on
full_page_writes = on
max_wal_size = 4GB
checkpoint_timeout = 30min
CONF
  as_postgres "$postgres_bin/pg_ctl" -D "$data/cluster" -l "$data/log" -w start >/dev/null ||
    die "PostgreSQL did not start: $(tail -n 5 "$data/log")"
  for name in "$@"; do sql "CREATE DATABASE $name"; done
}

stop_postgres() {
  [ -e "$work/postgres/cluster/postmaster.pid" ] || return 0
  as_postgres "$postgres_bin/pg_ctl" -D "$work/postgres/cluster" -m immediate -w stop >/dev/null || true
}

# find_postgres looks for the server where Debian installs it, which is not in PATH. It installs PostgreSQL if that is
# missing and we are root.
find_postgres() {
  postgres_bin=$(installed_postgres)
  if [ -z "$postgres_bin" ]; then
    apt_install postgresql
    postgres_bin=$(installed_postgres)
  fi
  [ -n "$postgres_bin" ] || die "PostgreSQL is missing: apt-get install postgresql"
}

installed_postgres() {
  local newest
  newest=$(find /usr/lib/postgresql -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
  [ -n "$newest" ] || newest=$(command -v initdb || true)
  [ -z "$newest" ] || dirname "$newest"
}

# as_postgres runs a program of PostgreSQL, which refuses to run as root, as the user postgres if we are root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

# sql STATEMENT… runs statements as the superuser, each in its own transaction.
sql() {
  local statement
  for statement in "$@"; do
    PGPASSWORD=$postgres_password "$postgres_bin/psql" -h 127.0.0.1 -p "$postgres_port" -U postgres -d postgres \
      -q -v ON_ERROR_STOP=1 -c "$statement" >/dev/null
  done
}

# checkpoint writes the data of earlier measurements to disk, so that it does not slow down the next one.
checkpoint() {
  sql CHECKPOINT
}

database_url() {
  printf 'postgres://postgres:%s@127.0.0.1:%s/%s?sslmode=disable' "$postgres_password" "$postgres_port" "$1"
}

postgres_version() {
  "$postgres_bin/postgres" --version | awk '{print $3}'
}
