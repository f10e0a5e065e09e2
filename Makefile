# Everything here works alone in a fresh clone with Go, git, make and bash: the
# tools a target needs are built from the Go module proxy into bin/ first, once.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# How long `make test` gives one package. The slowest, the store, takes five minutes with
# the race detector.
TIMEOUT ?= 20m
# Benchmarks that `make bench` runs, and for how long each.
BENCH ?= .
BENCHTIME ?= 1s
# How often `make crash-test` kills.
KILLS ?= 200
# How often `make bench-load` runs each benchmark, for the medians.
COUNT ?= 5

LINT := bin/golangci-lint-kube-api-linter
VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# The race detector needs cgo. Go says 0 where there is no C compiler; CI must
# have one, and fails without.
RACE = $(if $(or $(CI),$(filter 1,$(shell go env CGO_ENABLED))),-race)

.PHONY: help
help: ## Say what there is
	@echo 'make TARGET'
	@while IFS= read -r line; do \
		[[ $$line =~ ^([a-z-]+):.*'## '(.*)$$ ]] && printf '  %-12s %s\n' "$${BASH_REMATCH[1]}" "$${BASH_REMATCH[2]}" || true; \
	done <Makefile

.PHONY: playground
playground: tools-cluster build ## Run all of it on this machine until Ctrl-C; with ONCE=1 check the result and exit
	@CGO_ENABLED=0 hack/progress 'compiling the playground' go build -trimpath -o bin/playground ./hack/playground
	@bin/playground $(if $(ONCE),-once)

.PHONY: ui
ui: ## Bundle the web page anew, after a change of its sources
	@hack/progress 'bundling the web page' go run ./hack/ui

.PHONY: browser
browser:
	@hack/browser

.PHONY: test
test: tools-cluster tools-rules browser ## Run all tests, those of the dispatcher with the race detector
	@hack/progress 'compiling and testing dispatcher/...' \
		go test $(RACE) -timeout $(TIMEOUT) ./dispatcher/...
	@hack/progress 'compiling and testing the other packages' \
		go test -timeout $(TIMEOUT) $$(go list ./... | while read -r package; do \
			[[ $$package/ == */webhook-operator/dispatcher/* ]] || echo "$$package"; done)

.PHONY: crash-test
crash-test: ## Kill a dispatcher 200 times under load and account for every call (KILLS=200)
	@CRASH_KILLS=$(KILLS) hack/progress 'killing dispatchers' \
		go test -count 1 -v -timeout 60m -run TestCrashLedger ./test/crash

.PHONY: verify
verify: tools ## Check that generated files, formatting, modules, manifests and lint are clean
	@hack/verify

.PHONY: lint
lint: tools-lint ## Run the linters of .golangci.yml
	@hack/progress 'linting' $(LINT) run

.PHONY: fmt
fmt: ## Format all Go files
	@gofmt -w .

.PHONY: generate
generate: tools-generate ## Generate deepcopy code, CRDs and the gRPC code
	@hack/progress 'generating deepcopy code and CRDs' bin/controller-gen \
		object:headerFile=hack/boilerplate.go.txt crd \
		paths=./api/... output:crd:artifacts:config=config/crd/bases
	@bin/buf generate

.PHONY: build
build: ## Build bin/manager and bin/dispatcher
	@for program in manager dispatcher; do \
		CGO_ENABLED=0 hack/progress "compiling $$program" \
			go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o "bin/$$program" "./cmd/$$program"; \
	done

.PHONY: bench
bench: tools-cluster ## Run the benchmarks (BENCH=regexp, BENCHTIME=1s), those of load shortened
	@LOAD_SECONDS=$${LOAD_SECONDS:-2} LOAD_WAITING=$${LOAD_WAITING:-100000} go test -run '^$$' -bench '$(BENCH)' -benchtime '$(BENCHTIME)' -benchmem -timeout 60m ./...

.PHONY: bench-load
bench-load: ## Measure the data plane under load in full length and print medians (BENCH=regexp, COUNT=5)
	@go test ./test/load -run '^$$' -bench '$(BENCH)' -benchtime 1x -count '$(COUNT)' -timeout 6h | go run ./hack/medians

.PHONY: bench-template
bench-template: ## Compare the template language with other engines (BENCHTIME=1s)
	@go -C hack/bench test -bench . -benchtime '$(BENCHTIME)' -benchmem ./...

.PHONY: tools tools-cluster tools-generate tools-lint tools-rules
tools: ## Build all development tools into bin/ (done by the other targets as they need it)
	@hack/build-tools
tools-cluster:
	@hack/build-tools kube etcd
tools-generate:
	@hack/build-tools gen buf
tools-lint:
	@hack/build-tools lint
tools-rules:
	@hack/build-tools promtool

.PHONY: clean
clean: ## Remove bin/ and what the playground keeps
	rm -rf bin .cache
