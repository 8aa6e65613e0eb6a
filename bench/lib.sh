# Functions that run.sh and library.sh share: they start the contenders and measure them alternately. The sourcing script
# must be in the root of the repository and have set ROUNDS, DURATION and MEASURE.
#
# The contenders are peer (Node), flask, v2 and v3 (the Go library), postgres and sqlite (Parley on that store).
# shellcheck shell=bash

: "${ROUNDS:?}" "${DURATION:?}" "${MEASURE:?}"

# Not /tmp, which may be in memory: there fsync costs nothing, and durable figures would mean nothing.
work=$(mktemp -d "${BENCH_DIR:-/var/tmp}/parley-bench.XXXXXX")
mkdir "$work/results"

declare -A pid=() port=() target=() token=() agent=()
python=${PYTHON:-/usr/bin/python3}

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

# prepare checks for the tools, raises the limit of open files, and builds Parley and the load generator.
prepare() {
  local tool
  for tool in go node npm; do command -v "$tool" >/dev/null || die "$tool is missing: install it"; done
  [ -r /proc/self/stat ] || die "this runs on Linux only: it reads CPU and memory from /proc"
  ulimit -n "$(ulimit -Hn)"
  say "Building …"
  go build -o "$work/parley" ./cmd/parley
  go build -o "$work/loadtest" ./cmd/loadtest
  npm ci --prefix bench/peer --omit=dev --no-audit --no-fund >"$work/npm.log" 2>&1 ||
    die "npm ci failed: $(tail -n 5 "$work/npm.log")"
  secret=$(node -p 'require("crypto").randomBytes(32).toString("base64")')
}

# apt_install PACKAGE… installs packages if we are root.
apt_install() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then die "install these packages yourself: $*"; fi
  say "Installing $* …"
  {
    apt-get update &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  } >"$work/apt.log" 2>&1 || die "could not install $*: $(tail -n 5 "$work/apt.log")"
}

# enter NAME… starts the contenders. It seeds Parley's stores first: on SQLite this must happen before serving.
enter() {
  local name
  for name in "$@"; do
    port[$name]=$(free_port)
    case $name in
    postgres | sqlite) seed "$name" ;;
    *) target[$name]=-peer ;;
    esac
  done
  for name in "$@"; do start "$name"; done
}

# stop NAME stops a server and waits for its end.
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
  die "$1 did not start to listen"
}

start() {
  case $1 in
  peer)
    DATABASE_URL=$(database_url peer) PORT=${port[peer]} NODE_ENV=production \
      node bench/peer/server.mjs >>"$work/peer.log" 2>&1 &
    ;;
  flask)
    DATABASE_URL=$(database_url flask) PORT=${port[flask]} PYTHONDONTWRITEBYTECODE=1 \
      "$python" bench/flask/server.py >>"$work/flask.log" 2>&1 &
    ;;
  v2 | v3) PORT=${port[$1]} "$work/$1" >>"$work/$1.log" 2>&1 & ;;
  *) parley "$1" serve >>"$work/$1.log" 2>&1 & ;;
  esac
  pid[$1]=$!
  await "$1"
}

# parley STORE ARGUMENTS… runs Parley on that store.
parley() {
  local store=$1 url=
  shift
  if [ "$store" = postgres ]; then url=$(database_url parley); fi
  exec env DATABASE_URL="$url" REDIS_URL= DATA_DIR="$work/data-$store" SECRET_KEY="$secret" WIDGET_RATE_LIMIT=off \
    LOG_LEVEL=warn ADDR="127.0.0.1:${port[$store]}" "$work/parley" "$@"
}

# seed STORE fills an empty database and stores the tokens and logins that clients need.
seed() {
  local line
  mkdir "$work/data-$1"
  line=$( (parley "$1" seed --json --silent-bot) 2>>"$work/$1.log" | tail -n 1) ||
    die "parley seed failed: $(tail -n 5 "$work/$1.log")"
  token[$1]=$(field embed_token <<<"$line")
  # shellcheck disable=SC2034 # agent is for run.sh
  agent[$1]="-email $(field agent.email <<<"$line") -password $(field agent.password <<<"$line")"
  target[$1]="-token ${token[$1]}"
}

# field PATH prints a field of the JSON object on standard input.
field() {
  node -e '
    const object = JSON.parse(require("fs").readFileSync(0, "utf8"));
    console.log(process.argv[1].split(".").reduce((o, k) => o[k], object));' "$1"
}

# loadtest NAME SCENARIO ARGUMENTS… runs a scenario against a server.
loadtest() {
  local name=$1 scenario=$2
  shift 2
  # shellcheck disable=SC2086 # target is a list of words
  "$work/loadtest" "$scenario" -json -url "http://127.0.0.1:${port[$name]}" -pid "${pid[$name]}" ${target[$name]} "$@"
}

# measure WHAT NAME ROUND SCENARIO ARGUMENTS… stores a result for the table. A failed check is a result too.
measure() {
  local what=$1 name=$2 round=$3 result
  shift 3
  checkpoint
  result=$(loadtest "$name" "$@") || [ -n "$result" ] ||
    die "$what against $name failed: $(tail -n 5 "$work/$name.log")"
  say "  $name: $result"
  printf '%s\n' "$result" >"$work/results/$what.$name.$round.json"
}

# by_turns WHAT "CONTENDERS" SCENARIO ARGUMENTS… measures every contender in every round, in alternating order.
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

# by_turns_restarted WHAT "CONTENDERS" ROUNDS SCENARIO ARGUMENTS… is for memory, and for scenarios that a server may not
# survive: it restarts the server before every measurement.
by_turns_restarted() {
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

# machine prints the machine and the versions of the run.
machine() {
  printf '%s CPUs, %s, %s, Node %s, PostgreSQL %s with fsync' \
    "$(nproc)" "$(uname -sr)" "$(go env GOVERSION)" "$(node -p process.versions.node)" "$(postgres_version)"
}
