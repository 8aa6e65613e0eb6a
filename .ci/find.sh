#!/usr/bin/env bash
# Prints where PostgreSQL's programs, or Chromium, are on this machine; fails where they are not.
#
#   .ci/find.sh postgres     the folder of initdb and postgres, which Debian keeps out of PATH
#   .ci/find.sh chromium     the program; the variable CHROMIUM goes first
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
