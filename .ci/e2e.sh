#!/usr/bin/env bash
# Runs the tests in JavaScript: first those for Node, then those for a browser.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t files < <(find e2e bench -name node_modules -prune -o -name '*.test.mjs' -print 2>/dev/null | sort)
if [ ${#files[@]} -gt 0 ]; then node --test --test-reporter=spec "${files[@]}"; fi
if compgen -G 'e2e/playwright.config.*' >/dev/null; then npx playwright test --config e2e; fi
