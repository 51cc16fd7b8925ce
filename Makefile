GO       ?= go
DURATION ?= 60s
FUZZTIME ?= 30s
SECONDS  ?= 10
# What the race detector looks at: everything that runs in a program. The end-to-end tests drive other processes.
RACE     ?= ./client/... ./cmd/... ./framework/... ./protocol/... ./services/... ./store/... ./transports/... ./examples/...

# Built by the first `make lint` (some minutes), into Go's caches; it is no dependency of the module.
GOLANGCI = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

CLIENT       = client/js/dist/client.js
CLIENT_LIMIT = 5000

.DEFAULT_GOAL := help
.PHONY: help setup test race fuzz mutants e2e demo attack client size package bench lint fmt vet

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## installs what tests need beside Go (Redis, Chromium ...) where it may, else says how to get it
	@scripts/setup

test: ## sets up what is missing, runs every test, and says last what was left out
	@scripts/setup || true
	@scripts/test

race: ## runs the tests under the race detector
	@scripts/setup redis gcc || true
	$(GO) test -race $(RACE)

fuzz: ## runs every Fuzz target for FUZZTIME (30s), and fails if one does
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

mutants: ## breaks the code on purpose, promise by promise, and fails unless a test catches each break
	$(GO) run ./internal/mutants

e2e: ## runs the end-to-end tests alone: browsers, kills
	@scripts/setup redis python3 chromium || true
	$(GO) test -count=1 ./e2e/...

demo: ## kills an instance every 5 s under conversations, for DURATION (60s), and counts what went missing
	@scripts/setup redis chromium || true
	$(GO) run ./e2e/demo -duration $(DURATION)

attack: ## attacks an instance beside honest clients, in nine ways, and prints what it costs them and it; a round takes SECONDS (10)
	$(GO) run ./e2e/attack -seconds $(SECONDS)

client: ## minifies the JavaScript client again, after a change of it
	$(GO) -C client/js/build run .

size: ## tells the JavaScript client's size; fails above 5,000 bytes of gzip -9
	@size=$$(gzip -9 -c <$(CLIENT) | wc -c); \
	echo "$(CLIENT): $$size bytes of gzip -9, $(CLIENT_LIMIT) allowed"; test $$size -le $(CLIENT_LIMIT)

package: ## checks the npm package: installs, types, bundles, Node 20 and later (a minute; needs npm)
	client/js/test/package.sh

bench: ## measures Sojourn beside its peers, and writes the report (some hours, on a machine that does nothing else)
	$(GO) -C bench run . report

lint: ## golangci-lint, with .golangci.yml
	$(GOLANGCI) run

fmt: ## formats all Go code
	gofmt -w $$(git ls-files '*.go')

vet: ## go vet
	$(GO) vet ./...
	$(GO) -C client/js/build vet ./...
