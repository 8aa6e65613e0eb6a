#!/usr/bin/env bash
# Measures Parley and the Node peer in bench/peer alternately on this machine, and prints the ratios as Markdown. Needs
# Linux, Go and Node. Installs PostgreSQL if it is missing and we are root. Everything else is private to the run: a
# PostgreSQL server with durable settings, free loopback ports, and a folder that is removed at the end.
#
#   ROUNDS=3 DURATION=5s bench/run.sh            everything, in about eight minutes
#   MEASURE="send typing" bench/run.sh           only these; all are send single typing big idle churn check
#   STORES=postgres bench/run.sh                 Parley on PostgreSQL only (default: postgres sqlite)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ROUNDS=${ROUNDS:-3}
DURATION=${DURATION:-5s}
MEASURE=${MEASURE:-send single typing big idle churn check}
STORES=${STORES:-postgres sqlite}

# shellcheck source=bench/lib.sh
source bench/lib.sh

# check runs the scenarios that check correctness on Parley and prints a second table.
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
    printf '| p99 of 100 senders while 20 consumers of long messages read → have stopped | %s | %s |\n' "$store" \
      "$(slow_summary "$result")"
  done
}

# slow_summary RESULT prints the figures of the scenario slow.
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

prepare
start_postgres peer parley
# shellcheck disable=SC2086 # a list of words
enter peer $STORES
files=$(ulimit -n)
idle=5000
if [ "$files" != unlimited ] && ((files < idle + 500)); then idle=$((files - 500)); fi

# Typing and idle connections do not use the database, so one store is enough.
first=${STORES%% *}
by_turns send "peer $STORES" send -n 500 -d "$DURATION"
by_turns single "peer $STORES" send -n 1 -d "$DURATION"
by_turns typing "peer $first" typing -n 500 -d "$DURATION"
by_turns big "peer $first" big -n 1000 -d "$DURATION"
by_turns_restarted idle "peer $first" "$ROUNDS" idle -n "$idle"
by_turns_restarted churn "peer $first" 1 churn -n 20000 -settle 20s

node bench/table.mjs "$work/results"
if [[ " $MEASURE " = *" check "* ]]; then check; fi
printf '\n%s; %s rounds of %s, median of the ratios.\n' "$(machine)" "$ROUNDS" "$DURATION"
exit "$failed"
