# make help lists the targets. Running Parley needs none of this: go run ./cmd/parley serve --demo

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# What git calls this commit: a tag, or tag-commits-hash, or a hash.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME ?= 60s

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: setup ## Install what is missing, then run every check and test
	@.ci/servers.sh $(MAKE) --no-print-directory check test-go test-e2e

.PHONY: setup
setup: ## Install what the tests need, with apt-get and npm
	@.ci/setup.sh

.PHONY: check
check: setup ## Format, linters, and that generated files are fresh
	@.ci/check.sh

.PHONY: test-go
test-go: setup ## Go tests under the race detector, on SQLite, PostgreSQL and Redis
	.ci/servers.sh go test -race ./...

.PHONY: test-e2e
test-e2e: setup ## End-to-end tests: the official Socket.IO client, and Chromium
	.ci/servers.sh .ci/e2e.sh

.PHONY: fuzz
fuzz: ## Every fuzz target, FUZZTIME each
	@.ci/fuzz.sh $(FUZZTIME)

.PHONY: vuln
vuln: ## Look dependencies up in Go's vulnerability database
	go tool govulncheck ./...

.PHONY: bench
bench: ## Measure against the Node peer and print the ratios
	bench/run.sh

.PHONY: bench-library
bench-library: ## Measure Node, the Go library, Flask-SocketIO and Parley: why Parley has its own server
	bench/library.sh

.PHONY: generate
generate: ## Regenerate templates, CSS, the widget, vendored libraries and the event table of docs/api.md
	go tool templ generate
	npm run build:css
	npm run build:widget
	npm run vendor
	go test ./handlers/protocol -run APIReference -update

.PHONY: screenshots
screenshots: setup ## Take the pictures of the docs from the program itself
	.ci/servers.sh node e2e/screenshots.mjs

.PHONY: build
build: ## A static binary: bin/parley
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/parley ./cmd/parley

.PHONY: dev
dev: ## Run the demo on http://localhost:7331 and reload it on every change
	@.ci/dev.sh
