# Gondola: everything a developer does, by name. `make` alone lists it.
PYTHON ?= python3
DEMO ?= full
TESTS ?=
FAULTS ?= default

VENV := .venv
PY := $(VENV)/bin/python
PACKAGES := contracts promotions store_ops receivables
export PYTHONPATH := $(CURDIR)

.DEFAULT_GOAL := help
.PHONY: help setup run demo test faults check format bench events migrate lock audit clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv and install everything pinned (quick when nothing changed)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "setup: Python 3.11 or later is needed, this is " + sys.version.split()[0] + "; name another one: make setup PYTHON=python3.12")'
	@$(PYTHON) deploy/dev/install.py

run: setup ## Start the database, the four services and the local issuer; Ctrl-C ends all
	@$(PY) -m deploy.dev.run

demo: setup ## Play the story through the public APIs (DEMO=quick or DEMO=full)
	@$(PY) -m deploy.demo.run $(DEMO)

test: setup ## Run all tests in two processes (TESTS="path or options" to choose)
	@$(PY) -m pytest -n 2 --dist loadgroup $(TESTS)

faults: setup ## Kill processes under load, 25 times a service (FAULTS=ci for 5 in all, FAULTS=nightly for 300 each)
	@FAULTS=$(FAULTS) $(PY) -m tests.faults.run

check: setup ## Check format, lint, types and import rules
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(PY) -m deploy.dev.typecheck
	@$(VENV)/bin/lint-imports --no-cache

format: setup ## Format the code and mend what can be mended by machine
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

bench: setup ## Measure throughput and latency on this machine
	@$(PY) -m deploy.bench.run

events: setup ## Write the published event schemas of the four services, and the AsyncAPI document of all
	@for package in $(PACKAGES); do echo "events: $$package"; $(PY) -m $$package.main events || exit 1; done
	@$(PY) -m deploy.asyncapi

migrate: setup ## Bring the development database to the latest migrations
	@$(PY) -m deploy.dev.run --migrate-only

lock: setup ## Pin the newest versions that requirements/*.in allow
	@for name in run dev; do $(VENV)/bin/uv pip compile --no-config --quiet --no-header --upgrade --universal --python-version 3.11 \
		--generate-hashes requirements/$$name.in $$(test $$name = dev && echo '-c requirements/run.txt') -o requirements/$$name.txt || exit 1; done

audit: setup ## Look the pinned packages up in the advisory database and scan our code
	@$(VENV)/bin/bandit -q -c pyproject.toml -r shared/src services/*/src deploy
	@$(VENV)/bin/pip-audit --require-hashes --disable-pip -r requirements/dev.txt

clean: ## Stop what runs in .run and remove it (the environment stays)
	@$(PYTHON) -m deploy.dev.clean
