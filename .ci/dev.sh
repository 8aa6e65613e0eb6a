#!/usr/bin/env bash
# Serves the demo and rebuilds it after every change of templates, Go, styles and scripts. http://localhost:7331 reloads
# the open page by itself. It is a proxy for the server, which listens on ADDR.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ -d node_modules ] || PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
export ADDR=${ADDR:-127.0.0.1:8080}

children=()
trap 'trap - EXIT; kill "${children[@]}" 2>/dev/null || true; wait' EXIT
trap 'exit 130' INT TERM

# "always" keeps it running when standard input is closed.
npx tailwindcss -i static/app/app.css -o static/app/app.build.css --minify --watch=always &
children+=($!)
npx tailwindcss -i static/widget/widget.src.css -o static/widget/widget.css --minify --watch=always &
children+=($!)
# "forever" is the same for esbuild.
npm run --silent build:widget -- --watch=forever &
children+=($!)
go tool templ generate --watch --open-browser=false --proxy="http://$ADDR" \
  --watch-pattern='\.(go|templ|sql)$|^.*/static/(app|widget)/.*\.(css|js|svg)$' \
  --ignore-pattern='_test\.go$|/(e2e|bench)/' \
  --cmd="go run ./cmd/parley serve --demo" &
children+=($!)
wait
