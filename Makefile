# The commands of this repository. Each says what it does as it goes; what is missing on a Debian machine with Rust,
# Python and Node is installed by name.
CARGO ?= cargo
DEPLOY := target/release/deploy

.PHONY: help tools build lint test bench conformance fuzz demo demo-down

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: tools ## the command, target/release/deploy
	@echo "building $(DEPLOY)"
	@$(CARGO) build --release --quiet

tools:
	@tests/tools

lint: ## formatting, clippy, and shellcheck where it is installed
	@echo "cargo fmt --check"
	@$(CARGO) fmt --check
	@echo "cargo clippy"
	@$(CARGO) clippy --all-targets --quiet -- -D warnings
	@command -v shellcheck >/dev/null || { echo "shellcheck is not installed: shell scripts are not checked"; exit 0; }; \
	  echo "shellcheck"; shellcheck -x $$(git grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell=')

test: tools ## unit tests and cases, then the whole flow on real hosts in containers
	@tests/run

bench: build ## the same work by ansible-playbook and by us, on the same ten hosts
	@bench/run

conformance: build ## integration targets of ansible-core from PyPI, run with our binary under Ansible's names
	@tests/conformance/run

fuzz: tools ## everything that reads what users wrote, ten minutes each
	@fuzz/run

demo: build ## five hosts, an application, two deploys and a rollback
	@demo/run

demo-down: ## takes the demo down again
	@demo/down
