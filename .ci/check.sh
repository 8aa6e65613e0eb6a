#!/usr/bin/env bash
# The checks that need no server: format, linters, and that what is generated and committed is what its
# sources make. Stale files are left made anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=0
complain() {
  printf 'check: %s\n' "$*" >&2
  failed=1
}

# Files are compared with themselves before, not with the last commit: what else is uncommitted does not matter.
generated() {
  find views -name '*_templ.go' -print0
  printf '%s\0' static/app/app.build.css static/widget/widget.css static/widget/widget.js static/widget/embed.js \
    static/vendor/versions.json static/vendor/*.js
}
sums() { generated | sort -z | xargs -0 sha256sum; }

before=$(sums)
go tool templ generate -log-level error
npm run --silent build:css 2>/dev/null
npm run --silent build:widget
npm run --silent vendor
after=$(sums)
changed() { diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") || true; }
stale=$(changed | awk '/^[<>]/ { print $3 }' | sort -u | xargs)
[ -z "$stale" ] || complain "stale, made anew now, to be committed: $stale"

mapfile -t files < <(git ls-files -co --exclude-standard '*.go' | while read -r file; do [ ! -e "$file" ] || echo "$file"; done)
unformatted=$(gofmt -l "${files[@]}" | xargs)
[ -z "$unformatted" ] || complain "not as gofmt writes it: $unformatted"

# Biome: the format of scripts and styles, and what it knows as a bug in them. npm run format writes the format.
npm run --silent lint || complain "Biome has found something: npm run lint"

shellcheck -x .ci/*.sh .ci/run bench/*.sh static/vendor/update.sh || complain "shellcheck has found something"

mapfile -t hand_written < <(printf '%s\n' "${files[@]}" | grep -v '_templ\.go$')
go run ./.ci/style "${hand_written[@]}" || complain "the style checker has found something: see .ci/style"

go vet ./... || complain "go vet has found something"
go tool staticcheck ./... || complain "staticcheck has found something"

[ "$failed" = 0 ] && echo "check: ok"
exit "$failed"
