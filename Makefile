# make help lists the targets. You do not need make to run Parley: go run ./cmd/parley serve --demo

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The name git gives this commit: a tag, tag-commits-hash, or a hash.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME ?= 60s

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: setup ## Install missing tools, then run every check and test
	@.ci/servers.sh $(MAKE) --no-print-directory check test-go test-e2e test-faults

.PHONY: setup
setup: ## Install what the tests need, with apt-get and npm
	@.ci/setup.sh

.PHONY: check
check: setup ## Check formatting, run the linters, and check that generated files are up to date
	@.ci/check.sh

.PHONY: test-go
test-go: setup ## Run the Go tests with the race detector, on SQLite, PostgreSQL and Redis
	.ci/servers.sh go test -race -timeout 25m ./...

.PHONY: test-e2e
test-e2e: setup ## Run the end-to-end tests with the official Socket.IO client and Chromium
	.ci/servers.sh .ci/e2e.sh

.PHONY: test-faults
test-faults: setup ## Kill nodes, PostgreSQL and Redis and lock a conversation while people write, in three minutes
	go run ./cmd/loadtest faults -only node-kill,postgres-restart,redis-kill,conversation-locked -scale 0.1 -seed 1

.PHONY: faults
faults: setup ## Break the servers in every way that cmd/loadtest knows, while people write, in 35 minutes
	OUTAGE_SECONDS=20 .ci/servers.sh npx playwright test --config e2e fault.spec
	go run ./cmd/loadtest faults -all -lanes 6

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	@.ci/fuzz.sh $(FUZZTIME)

.PHONY: vuln
vuln: ## Look up the dependencies in Go's vulnerability database
	go tool govulncheck ./...

.PHONY: bench
bench: ## Measure Parley against the Node peer and print the ratios
	bench/run.sh

.PHONY: bench-library
bench-library: ## Compare Parley's Socket.IO server with Node, the Go library and Flask-SocketIO
	bench/library.sh

.PHONY: generate
generate: ## Regenerate templates, CSS, the widget, vendored libraries and the event table of docs/api.md
	go tool templ generate
	npm run build:css
	npm run build:widget
	npm run vendor
	go test ./handlers/protocol -run APIReference -update

.PHONY: screenshots
screenshots: setup ## Take the screenshots for the docs
	.ci/servers.sh node e2e/screenshots.mjs

.PHONY: build
build: ## Build a static binary, bin/parley
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/parley ./cmd/parley

.PHONY: dev
dev: ## Serve the demo on http://localhost:7331 and reload it on every change
	@.ci/dev.sh
