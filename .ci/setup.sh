#!/usr/bin/env bash
# Installs what the tests need, unless it is installed: a C compiler for the race detector, PostgreSQL, Redis, ShellCheck,
# Chromium and the Node packages. It uses apt-get, so it installs programs on Debian and Ubuntu only. On other systems,
# install them yourself first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null; }

for tool in go node npm; do has "$tool" || die "$tool is missing: install Go 1.26 and Node 20 or newer"; done
(($(node -p 'process.versions.node.split(".")[0]') >= 20)) ||
  die "Node $(node --version) is too old: install Node 20 or newer"

missing=()
has gcc || has clang || missing+=(gcc libc6-dev)
has git || missing+=(git)
.ci/find.sh postgres >/dev/null || missing+=(postgresql)
has redis-server || missing+=(redis-server)
has shellcheck || missing+=(shellcheck)
# Ubuntu's chromium is a snap, which does not run everywhere, so on Ubuntu Playwright installs its own.
# shellcheck source=/dev/null # not in this repository
. /etc/os-release 2>/dev/null || true
.ci/find.sh chromium >/dev/null || [ "${ID:-}" = ubuntu ] || missing+=(chromium)

if [ ${#missing[@]} -gt 0 ]; then
  has apt-get || die "apt-get is missing: install these yourself: ${missing[*]}"
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    has sudo || die "this user is not root and has no sudo: install these yourself: ${missing[*]}"
    as_root=(sudo)
  fi
  printf 'Installing %s …\n' "${missing[*]}"
  log=$(mktemp)
  {
    "${as_root[@]}" apt-get update &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
  } >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "apt-get failed"; }
  rm -f "$log"
fi

# npm ci deletes node_modules and takes a minute, so it runs only when the lock file has changed.
if ! cmp -s package-lock.json node_modules/.parley-lock; then
  printf 'Installing the Node packages …\n'
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.parley-lock
fi

if ! .ci/find.sh chromium >/dev/null; then
  npx playwright install --with-deps chromium
  .ci/find.sh chromium >/dev/null || die "Chromium was not found: set CHROMIUM to its path"
fi
