#!/usr/bin/env bash
# Serves the demo and makes it anew on every change: templates, Go, styles, scripts. http://localhost:7331 reloads the
# open page by itself; the server behind it listens on ADDR.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ -d node_modules ] || PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
export ADDR=${ADDR:-127.0.0.1:8080}

children=()
trap 'trap - EXIT; kill "${children[@]}" 2>/dev/null || true; wait' EXIT
trap 'exit 130' INT TERM

# "always": to go on when standard input is closed.
npx tailwindcss -i static/app/app.css -o static/app/app.build.css --minify --watch=always &
children+=($!)
npx tailwindcss -i static/widget/widget.src.css -o static/widget/widget.css --minify --watch=always &
children+=($!)
# "forever" is esbuild's word for the same.
npm run --silent build:widget -- --watch=forever &
children+=($!)
go tool templ generate --watch --open-browser=false --proxy="http://$ADDR" \
  --watch-pattern='\.(go|templ|sql)$|^.*/static/(app|widget)/.*\.(css|js|svg)$' \
  --ignore-pattern='_test\.go$|/(e2e|bench)/' \
  --cmd="go run ./cmd/parley serve --demo" &
children+=($!)
wait
