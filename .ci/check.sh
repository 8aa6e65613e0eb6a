#!/usr/bin/env bash
# The checks that need no server: formatting, linters, and that the generated files in git match their sources. Files that
# do not match are left regenerated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=0
complain() {
  printf 'check: %s\n' "$*" >&2
  failed=1
}

# The comparison is with the files from before, not with the last commit, so that uncommitted changes do not matter.
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
[ -z "$stale" ] || complain "these generated files were out of date. They are regenerated; commit them: $stale"

mapfile -t files < <(git ls-files -co --exclude-standard '*.go' | while read -r file; do [ ! -e "$file" ] || echo "$file"; done)
unformatted=$(gofmt -l "${files[@]}" | xargs)
[ -z "$unformatted" ] || complain "run gofmt -w on: $unformatted"

# Biome checks scripts and styles. npm run format fixes their formatting.
npm run --silent lint || complain "Biome found problems: run npm run lint"

shellcheck -x .ci/*.sh .ci/run bench/*.sh static/vendor/update.sh || complain "shellcheck found problems"

mapfile -t hand_written < <(printf '%s\n' "${files[@]}" | grep -v '_templ\.go$')
go run ./.ci/style "${hand_written[@]}" || complain "the style checker found problems: see .ci/style"

# golangci-lint has go vet and staticcheck in it. Its first run compiles it, which takes a minute or two.
go run "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0" run ./... || complain "golangci-lint found problems"

[ "$failed" = 0 ] && echo "check: ok"
exit "$failed"
