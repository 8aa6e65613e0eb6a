#!/usr/bin/env bash
# Prints the path of PostgreSQL's programs or of Chromium on this machine, and fails if they are not installed.
#
#   .ci/find.sh postgres     the folder of initdb and postgres, which is not in PATH on Debian
#   .ci/find.sh chromium     the program; the variable CHROMIUM has priority
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
postgres)
  newest=$(find /usr/lib/postgresql -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
  [ -n "$newest" ] || newest=$(command -v initdb)
  dirname "$newest"
  ;;
chromium)
  if [ -n "${CHROMIUM:-}" ]; then
    command -v "$CHROMIUM"
    exit
  fi
  for name in chromium google-chrome google-chrome-stable; do
    if command -v "$name"; then exit; fi
  done
  own=$(node -p 'require("@playwright/test").chromium.executablePath()' 2>/dev/null)
  [ -x "$own" ] && printf '%s\n' "$own"
  ;;
*)
  echo "usage: .ci/find.sh postgres|chromium" >&2
  exit 2
  ;;
esac
