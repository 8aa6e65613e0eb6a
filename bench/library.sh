#!/usr/bin/env bash
# Compares Parley's own Socket.IO server with others: it measures the same hot path on the official Node server, on the Go
# library (github.com/zishang520/socket.io v2 and v3), on Flask-SocketIO and on Parley, alternately on this machine. Prints
# a Markdown table. Needs Linux, Go, Node and the Go module proxy. Installs PostgreSQL and Debian's Flask-SocketIO if they
# are missing and we are root. Everything else is private to the run, as in run.sh.
#
#   ROUNDS=3 DURATION=3s bench/library.sh        everything, in about nine minutes
#   MEASURE="typing big" bench/library.sh        only these; the full list is below
#   CONTENDERS="v3 postgres" bench/library.sh    only these: peer (Node), v2, v3, flask, postgres (Parley)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ROUNDS=${ROUNDS:-3}
DURATION=${DURATION:-3s}
MEASURE=${MEASURE:-broadcasts order send receipts typing big malformed idle churn}
CONTENDERS=${CONTENDERS:-peer v2 v3 flask postgres}

# shellcheck source=bench/lib.sh
source bench/lib.sh

# among NAME… prints the names that are in CONTENDERS.
among() {
  local name found=()
  for name in "$@"; do
    if [[ " $CONTENDERS " = *" $name "* ]]; then found+=("$name"); fi
  done
  echo "${found[*]}"
}

# prepare_flask installs Debian's Flask-SocketIO if it is missing.
prepare_flask() {
  local modules="import flask_socketio, gevent, geventwebsocket, psycogreen.gevent, psycopg2"
  "$python" -c "$modules" 2>/dev/null ||
    apt_install python3-flask-socketio python3-gevent python3-gevent-websocket python3-psycogreen python3-psycopg2
  "$python" -c "$modules" || die "$python cannot import the modules of bench/flask: set PYTHON to a Python that can"
}

# library NAME MODULE prints the version of the Go library that a peer uses.
library() {
  (cd "bench/library/$1" && go list -m -f 'zishang520/socket.io {{.Version}}' "$2")
}

# versions prints the versions of the contenders' libraries.
versions() {
  local name
  for name in $CONTENDERS; do
    case $name in
    peer) node -p '"socket.io " + require("./bench/peer/node_modules/socket.io/package.json").version' ;;
    v2) library v2 github.com/zishang520/socket.io/v2 ;;
    v3) library v3 github.com/zishang520/socket.io/servers/socket/v3 ;;
    flask) "$python" bench/flask/versions.py ;;
    esac
  done | paste -sd ';' | sed 's/;/, /g'
}

prepare
for name in $(among v2 v3); do (cd "bench/library/$name" && go build -o "$work/$name" .); done
if [ -n "$(among flask)" ]; then prepare_flask; fi
start_postgres peer parley flask
# shellcheck disable=SC2086 # a list of words
enter $CONTENDERS

# A lost handshake is tried again, so that a server that loses some can still be measured.
dial="-tries 5 -dial 5s"
durable=$(among peer flask postgres)
# shellcheck disable=SC2086 # dial is a list of words
{
  by_turns broadcasts "$CONTENDERS" broadcasts -n 10000 -patience 15s $dial
  by_turns order "$CONTENDERS" order -n 10000 -patience 15s $dial
  by_turns send "$durable" send -n 500 -d "$DURATION"
  by_turns receipts "$durable" send -n 1 -window 10 -d "$DURATION"
  by_turns typing "$CONTENDERS" typing -n 500 -d "$DURATION" $dial
  by_turns big "$CONTENDERS" big -n 1000 -d "$DURATION" $dial
  by_turns_restarted malformed "$CONTENDERS" 1 malformed -patience 3s $dial
  by_turns_restarted idle "$CONTENDERS" 1 idle -n 2000 -settle 5s $dial
  by_turns_restarted churn "$CONTENDERS" 1 churn -n 2000 -first 4000 -settle 8s $dial
}

node bench/library.mjs "$work/results"
printf '\n%s; %s. %s rounds of %s, medians.\n' "$(machine)" "$(versions)" "$ROUNDS" "$DURATION"
