# Everything that people do with this repository. `make help` lists it.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CACHE   ?= $(or $(USHER_CACHE),$(XDG_CACHE_HOME),$(HOME)/.cache)/usher
BIN     := bin
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOLS   := go tool -modfile=hack/tools/go.mod
GOFILES := $(shell git ls-files -co --exclude-standard '*.go' go.mod go.sum 2>/dev/null)
WEBSRC  := $(shell git ls-files -co --exclude-standard runtime/protocol runtime/console runtime/widget runtime/package.json runtime/package-lock.json 2>/dev/null | grep -v '/dist/' | grep -v '\.go$$')

export CGO_ENABLED ?= 0
export GOFLAGS ?= -buildvcs=false

##@ Use

.PHONY: up
up: ## Start a cluster, deploy the operator and the sample desk, print addresses and sign-in links
	@hack/make/prepare build cluster
	@$(MAKE) --no-print-directory build
	@hack/make/up

.PHONY: down
down: ## Take away what `make up` made
	@hack/make/down

.PHONY: links
links: ## Print the addresses and fresh sign-in links of the sample desk
	@hack/make/links

##@ Build

.PHONY: build
build: $(BIN)/usher ## Build console, widget and the binary (bin/usher, bin/kubectl-usher)

$(BIN)/usher: $(GOFILES) .cache/web
	@mkdir -p $(BIN)
	@echo "building usher $(VERSION) …"
	@go build -trimpath -ldflags '$(LDFLAGS)' -o $@ .
	@ln -sf usher $(BIN)/kubectl-usher

.cache/npm: runtime/package-lock.json
	@hack/make/prepare build
	@mkdir -p .cache
	@echo "installing the console's and widget's packages …"
	@cd runtime && npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

.cache/web: .cache/npm $(WEBSRC)
	@echo "building console and widget …"
	@cd runtime && npm run build --silent
	@touch $@

.PHONY: image
image: build ## Build the image without a container engine: dist/usher.tar
	@mkdir -p dist
	@go run ./hack/image --binary $(BIN)/usher --tag usher:$$(hack/make/tag) --out dist/usher.tar

.PHONY: generate
generate: ## Write the generated files: deep copies, CRDs, RBAC, reference pages
	@$(TOOLS) controller-gen object paths=./api/...
	@$(TOOLS) controller-gen crd:crdVersions=v1 paths=./api/... output:crd:artifacts:config=config/crd/bases
	@$(TOOLS) controller-gen rbac:roleName=usher-operator paths=./controllers/... output:rbac:artifacts:config=config/rbac
	@go run ./hack/docs generate

##@ Check

.PHONY: test
test: build ## Unit, property and simulation tests, controllers on a real API server, web units, real Chromium
	@hack/make/prepare test
	@hack/make/test

.PHONY: e2e
e2e: build ## Runtime pods as containers on a real cluster, with browsers and faults
	@hack/make/prepare test cluster
	@hack/make/e2e

.PHONY: bench
bench: build ## Measure, beside the limits of this machine; BENCH_JSON=FILE writes the same as JSON
	@hack/make/bench

.PHONY: lint
lint: .cache/npm ## Linters of Go, TypeScript, shell and YAML
	@hack/make/lint

.PHONY: verify
verify: .cache/npm ## Generated files are fresh, modules tidy, no secrets, house rules kept
	@hack/make/verify

.PHONY: docs
docs: ## Check the links of the documentation and write its reference pages
	@go run ./hack/docs generate
	@go run ./hack/docs check

.PHONY: race
race: build ## Two agents for one customer, a million times, with kills; checked by porcupine (PICKS=1000000)
	@go run ./hack/race -usher $(BIN)/usher -picks $(or $(PICKS),1000000)

.PHONY: faults
faults: ## Break one thing after another under people who use a desk, and count (FAULTS=200 SEED=1; STAGE=processes, sqlite or cluster)
	@hack/make/faults

.PHONY: postgres
postgres: build ## What depends on the version of PostgreSQL, on each that is supported (VERSIONS="16 17")
	@hack/make/prepare test
	@hack/make/postgres $(or $(VERSIONS),$(shell ls runtime/ledger/pgtest/servers))

.PHONY: fuzz
fuzz: ## Run every fuzz target for a while (FUZZTIME=30s)
	@hack/make/fuzz

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
