#!/usr/bin/env bash
# Measures Parley against the Node peer in bench/peer, by turns on this machine, and prints the ratios as Markdown.
# Needs Linux, Go and Node; installs PostgreSQL when it is missing and we are root. Everything else is private to the
# run: a PostgreSQL of its own with durable settings, free ports on loopback, a folder that is removed in the end.
#
#   ROUNDS=3 DURATION=5s bench/run.sh            the whole of it, about eight minutes
#   MEASURE="send typing" bench/run.sh           only these: send single typing big idle churn check
#   STORES=postgres bench/run.sh                 Parley on PostgreSQL only (default: postgres sqlite)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ROUNDS=${ROUNDS:-3}
DURATION=${DURATION:-5s}
MEASURE=${MEASURE:-send single typing big idle churn check}
STORES=${STORES:-postgres sqlite}

# Not /tmp: where that is memory, fsync costs nothing and durable figures mean nothing.
work=$(mktemp -d "${BENCH_DIR:-/var/tmp}/parley-bench.XXXXXX")
mkdir "$work/results"
declare -A pid=() port=() target=() token=() agent=()

# shellcheck source=bench/postgres.sh
source bench/postgres.sh

say() { printf '%s\n' "$*" >&2; }

die() {
  say "bench: $*"
  exit 1
}

# shellcheck disable=SC2317,SC2329 # the trap below calls it
cleanup() {
  trap - EXIT
  local name
  for name in "${!pid[@]}"; do stop "$name"; done
  stop_postgres
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# stop NAME ends a server and waits for it.
stop() {
  [ -n "${pid[$1]:-}" ] || return 0
  kill "${pid[$1]}" 2>/dev/null || true
  wait "${pid[$1]}" 2>/dev/null || true
  unset "pid[$1]"
}

free_port() {
  node -e '
    const server = require("net").createServer().listen(0, "127.0.0.1", () => {
      console.log(server.address().port);
      server.close();
    });'
}

# await NAME waits until the server listens.
await() {
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/${port[$1]}") 2>/dev/null; then return; fi
    kill -0 "${pid[$1]}" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$work/$1.log" >&2
  die "$1 does not listen"
}

start() {
  case $1 in
  peer)
    DATABASE_URL=$(database_url peer) PORT=${port[peer]} NODE_ENV=production \
      node bench/peer/server.mjs >>"$work/peer.log" 2>&1 &
    ;;
  *) parley "$1" serve >>"$work/$1.log" 2>&1 & ;;
  esac
  pid[$1]=$!
  await "$1"
}

# parley STORE ARGUMENTS… runs the program on that store.
parley() {
  local store=$1 url=
  shift
  if [ "$store" = postgres ]; then url=$(database_url parley); fi
  exec env DATABASE_URL="$url" REDIS_URL= DATA_DIR="$work/data-$store" SECRET_KEY="$secret" WIDGET_RATE_LIMIT=off \
    LOG_LEVEL=warn ADDR="127.0.0.1:${port[$store]}" "$work/parley" "$@"
}

# seed STORE fills an empty database and keeps what a client must know of it. On SQLite it has to come before serve.
seed() {
  local line
  mkdir "$work/data-$1"
  line=$( (parley "$1" seed --json --silent-bot) 2>>"$work/$1.log" | tail -n 1) ||
    die "parley seed failed: $(tail -n 5 "$work/$1.log")"
  token[$1]=$(field embed_token <<<"$line")
  agent[$1]="-email $(field agent.email <<<"$line") -password $(field agent.password <<<"$line")"
  target[$1]="-token ${token[$1]}"
}

# field PATH prints a field of the JSON object on standard input.
field() {
  node -e '
    const object = JSON.parse(require("fs").readFileSync(0, "utf8"));
    console.log(process.argv[1].split(".").reduce((o, k) => o[k], object));' "$1"
}

# loadtest NAME SCENARIO ARGUMENTS… runs it against a server.
loadtest() {
  local name=$1 scenario=$2
  shift 2
  # shellcheck disable=SC2086 # target is a list of words
  "$work/loadtest" "$scenario" -json -url "http://127.0.0.1:${port[$name]}" -pid "${pid[$name]}" ${target[$name]} "$@"
}

# measure WHAT NAME ROUND SCENARIO ARGUMENTS… keeps a result for the table.
measure() {
  local what=$1 name=$2 round=$3 result
  shift 3
  checkpoint
  result=$(loadtest "$name" "$@") || die "$what against $name failed: $(tail -n 5 "$work/$name.log")"
  say "  $name: $result"
  printf '%s\n' "$result" >"$work/results/$what.$name.$round.json"
}

# by_turns WHAT "CONTENDERS" SCENARIO ARGUMENTS… measures every contender in every round; the order turns too.
by_turns() {
  local what=$1 contenders=$2 round name
  shift 2
  [[ " $MEASURE " = *" $what "* ]] || return 0
  for ((round = 1; round <= ROUNDS; round++)); do
    say "$what, round $round of $ROUNDS"
    for name in $contenders; do measure "$what" "$name" "$round" "$@"; done
    # shellcheck disable=SC2086 # a list of words
    contenders=$(printf '%s\n' $contenders | tac | xargs)
  done
}

# afresh is by_turns for memory: every measurement gets a process that has done nothing yet.
afresh() {
  local what=$1 contenders=$2 rounds=$3 round name
  shift 3
  [[ " $MEASURE " = *" $what "* ]] || return 0
  for ((round = 1; round <= rounds; round++)); do
    say "$what, round $round of $rounds"
    for name in $contenders; do
      stop "$name"
      start "$name"
      measure "$what" "$name" "$round" "$@"
    done
  done
}

# check runs the scenarios that are right or wrong, on Parley, and prints a second table.
failed=0
check() {
  local store result
  printf '\n| checked on Parley | store | result |\n| --- | --- | --- |\n'
  for store in $STORES; do
    # shellcheck disable=SC2086 # agent is a list of words
    verify "$store" "5,000 messages each way at once over WebSocket, complete and in order" burst ${agent[$store]}
    # shellcheck disable=SC2086
    verify "$store" "the same over HTTP long polling" burst ${agent[$store]} -transport polling
    verify "$store" "2,000 messages over connections that break, nothing lost or doubled" reconnect
    result=$(loadtest "$store" slow -d "$DURATION") || { result=null failed=1; }
    say "  $store: $result"
    printf '| p99 of 100 senders beside 20 consumers of long messages: reading → stopped | %s | %s |\n' "$store" \
      "$(slow_summary "$result")"
  done
}

# slow_summary RESULT prints what the scenario slow has measured.
slow_summary() {
  # shellcheck disable=SC2016 # a template of JavaScript
  node -e '
    const r = JSON.parse(process.argv[1]);
    const latency = () => `${r.p99_ms_before.toFixed(1)} → ${r.p99_ms.toFixed(1)} ms`;
    const memory = () => `memory ${r.rss_mb_before.toFixed(0)} → ${r.rss_mb_peak.toFixed(0)} MB`;
    console.log(r ? `${latency()}; ${memory()}` : "FAILED");' "$1"
}

verify() {
  local store=$1 about=$2 scenario=$3 result verdict=ok
  shift 3
  result=$(loadtest "$store" "$scenario" "$@") || { verdict=FAILED failed=1; }
  say "  $store: $result"
  printf '| %s | %s | %s |\n' "$about" "$store" "$verdict"
}

for tool in go node npm; do command -v "$tool" >/dev/null || die "$tool is needed"; done
[ -r /proc/self/stat ] || die "Linux is needed: CPU and memory are read from /proc"
ulimit -n "$(ulimit -Hn)"
files=$(ulimit -n)
idle=5000
if [ "$files" != unlimited ] && ((files < idle + 500)); then idle=$((files - 500)); fi

say "Building …"
go build -o "$work/parley" ./cmd/parley
go build -o "$work/loadtest" ./cmd/loadtest
npm ci --prefix bench/peer --omit=dev --no-audit --no-fund >"$work/npm.log" 2>&1 ||
  die "npm ci failed: $(tail -n 5 "$work/npm.log")"
start_postgres
secret=$(node -p 'require("crypto").randomBytes(32).toString("base64")')
for name in peer $STORES; do port[$name]=$(free_port); done
target[peer]=-peer
for name in $STORES; do seed "$name"; done
for name in peer $STORES; do start "$name"; done

# What never touches the database is measured on one store only.
first=${STORES%% *}
by_turns send "peer $STORES" send -n 500 -d "$DURATION"
by_turns single "peer $STORES" send -n 1 -d "$DURATION"
by_turns typing "peer $first" typing -n 500 -d "$DURATION"
by_turns big "peer $first" big -n 1000 -d "$DURATION"
afresh idle "peer $first" "$ROUNDS" idle -n "$idle"
afresh churn "peer $first" 1 churn -n 20000 -settle 20s

node bench/table.mjs "$work/results"
if [[ " $MEASURE " = *" check "* ]]; then check; fi
printf '\n%s CPUs, %s, %s, Node %s, PostgreSQL %s with fsync; %s rounds of %s, median of the ratios.\n' \
  "$(nproc)" "$(uname -sr)" "$(go env GOVERSION)" "$(node -p process.versions.node)" "$(postgres_version)" \
  "$ROUNDS" "$DURATION"
exit "$failed"
