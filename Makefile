# Slipway: what a developer runs. `make help` lists it.

STACK ?= dev
# The project to rehearse: the folder of its Pulumi.yaml.
ROOT ?= .
DRILL ?= node-loss
SHELL := /bin/bash

# Linters are built from the module that pins them, into a folder that git ignores.
LINT := bin/golangci-lint
ACTIONLINT := bin/actionlint

MODULES := . delivery rehearsal rehearsal/kubernetes rehearsal/kwok

.DEFAULT_GOAL := help

.PHONY: help
help: ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

.PHONY: check
check: ## check the configuration of every stack (compiles no SDK)
	go run ./internal/cmd/check
	go run ./internal/cmd/check -root examples/campus

.PHONY: rehearse
rehearse: ## rehearse STACK=dev|prod of ROOT=. with no cloud account (KEEP=1 keeps it for the next run, JSON=1 for machines)
	@go -C rehearsal run ./cmd/launch rehearse --root "$$(cd "$(ROOT)" && pwd)" --stack $(STACK) $(if $(KEEP),--keep) $(if $(JSON),--json) $(if $(VERBOSE),--verbose)

.PHONY: rehearse-destroy
rehearse-destroy: ## end a rehearsal that was kept
	@go -C rehearsal run ./cmd/launch destroy --root "$$(cd "$(ROOT)" && pwd)" --stack $(STACK)

.PHONY: up
up: ## deploy STACK into a simulated account and keep it, for status, kubectl and drills
	@go -C rehearsal run ./cmd/launch up --root "$$(cd "$(ROOT)" && pwd)" --stack $(STACK)

.PHONY: status
status: ## show nodes, pods and autoscalers of the stack that up kept
	@go -C rehearsal run ./cmd/launch status --root "$$(cd "$(ROOT)" && pwd)" --stack $(STACK)

.PHONY: drill
drill: ## let something go wrong: DRILL=node-loss|zone-loss|"spike SERVICE"|"bad-release SERVICE"
	@go -C rehearsal run ./cmd/launch drill $(DRILL) --root "$$(cd "$(ROOT)" && pwd)" --stack $(STACK) $(if $(JSON),--json)

.PHONY: drills
drills: ## perform every drill on dev, prod and campus, and write docs/drills.md
	@go -C rehearsal run ./cmd/launch drill figures --out "$(CURDIR)/docs/drills.md" \
	  "$(CURDIR):dev" "$(CURDIR):prod" "$(CURDIR)/examples/campus:campus"

.PHONY: tools
tools: ## make the tools of the rehearsal, as a CI job does before it saves its cache
	@go -C rehearsal run ./cmd/launch tools

.PHONY: deliver
deliver: ## build the command that takes a merged pull request to running pods: bin/deliver
	go -C delivery build -o ../bin/deliver ./cmd/deliver

.PHONY: program
program: ## compile the Pulumi program once, for jobs that run it: bin/program
	go build -o bin/program .

.PHONY: registry-login
registry-login: ## let Docker push to the registry of the account and AWS_REGION that the AWS credentials are for
	@host="$$(aws sts get-caller-identity --query Account --output text).dkr.ecr.$${AWS_REGION:?is not set}.amazonaws.com"; \
	aws ecr get-login-password --region "$$AWS_REGION" | docker login --username AWS --password-stdin "$$host"

.PHONY: test
test: check test-root test-delivery test-rehearsal ## run every test

.PHONY: test-root
test-root: ## run the tests of the library and the program: the everyday loop
	go test ./...

.PHONY: test-delivery
test-delivery: ## run the tests of bin/deliver and of the workflows
	go -C delivery test ./...

.PHONY: test-rehearsal
test-rehearsal: ## run the tests of the rehearsal, with the real engine
	go -C rehearsal test -timeout 20m ./...

.PHONY: test-all
test-all: test ## run every test, also those that wait as long as in AWS
	go -C rehearsal test -timeout 20m ./stories -run '^TestS08_' -args -long

.PHONY: prove
prove: ## take the fix of each story out and require its test to fail
	go run ./internal/cmd/prove

.PHONY: fuzz
fuzz: ## fuzz the decoder of configuration and the versions of releases for a few seconds each
	go test -run '^$$' -fuzz FuzzDecode -fuzztime 5s ./internal/config
	go -C delivery test -run '^$$' -fuzz FuzzParse -fuzztime 5s ./internal/version

.PHONY: lint
lint: $(LINT) $(ACTIONLINT) ## check style, the house's import rules and the workflows
	$(ACTIONLINT)
	@for m in $(MODULES); do echo "linting $$m"; (cd $$m && $(CURDIR)/$(LINT) run --config $(CURDIR)/.golangci.yml ./...) || exit 1; done

.PHONY: fmt
fmt: $(LINT) ## format all Go code
	@for m in $(MODULES); do (cd $$m && $(CURDIR)/$(LINT) fmt --config $(CURDIR)/.golangci.yml ./...) || exit 1; done

$(LINT): tools/go.mod tools/go.sum
	go -C tools build -o ../$(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(ACTIONLINT): tools/go.mod tools/go.sum
	go -C tools build -o ../$(ACTIONLINT) github.com/rhysd/actionlint/cmd/actionlint

.PHONY: portable
portable: ## compile the program and the rehearsal for the other of Linux and macOS
	@for os in linux darwin; do \
	  [ $$os = "$$(go env GOHOSTOS)" ] && continue; echo "compiling for $$os"; \
	  GOOS=$$os CGO_ENABLED=0 go build -o /dev/null . || exit 1; \
	  GOOS=$$os CGO_ENABLED=0 go -C delivery build -o /dev/null ./cmd/deliver || exit 1; \
	  GOOS=$$os CGO_ENABLED=0 go -C rehearsal build -o /dev/null ./cmd/launch || exit 1; \
	  GOOS=$$os CGO_ENABLED=0 go -C rehearsal build -o /dev/null ./cmd/slipway || exit 1; \
	done

.PHONY: schemas
schemas: ## write the JSON Schemas of the configuration files anew
	go test ./internal/config -run TestSchemas_current -update

.PHONY: clean
clean: ## remove what was built in this checkout, and kept rehearsals
	rm -rf bin .slipway
