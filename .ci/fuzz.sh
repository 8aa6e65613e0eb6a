#!/usr/bin/env bash
# Runs every fuzz target of the module for the given time: .ci/fuzz.sh 60s
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

time=${1:-60s}
found=0
for package in $(go list ./...); do
  folder=./${package#parley/}
  mapfile -t targets < <(grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$folder"/*_test.go 2>/dev/null | sed 's/^func //')
  for target in "${targets[@]}"; do
    found=1
    echo "$folder $target"
    go test "$folder" -run '^$' -fuzz "^$target\$" -fuzztime "$time"
  done
done
[ "$found" = 1 ] || echo "Found no fuzz target."
