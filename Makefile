# sluicegate. `make` alone lists what there is; every target is one line that works without make too.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# PYTHON=python3.13 chooses the interpreter; without it the first one that is new enough is taken.
PYTHON ?=
export PYTHON
RUN  := .venv/bin/python
MADE := .venv/.made$(if $(PYTHON),-with-$(notdir $(PYTHON)))
SETUP := deploy/setup/venv.sh setup.cfg pyproject.toml

# An environment whose interpreter is gone (an upgraded system, a copied folder) is made anew.
$(shell test -x $(RUN) || rm -f .venv/.made* 2>/dev/null)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(MADE) ## serve on http://127.0.0.1:8080 in the foreground (variables: README, .env.example)
	@exec $(RUN) -m gateway serve $(ARGS)

.PHONY: test
test: $(MADE)-dev ## make what is missing and run the whole test suite (ARGS="tests/api -k resume" for a part)
	@bash deploy/setup/tools.sh
	@bash deploy/setup/test.sh $(ARGS)

.PHONY: check check-format check-lint check-types check-arrows check-spelling check-docs
check: check-format check-lint check-types check-arrows check-spelling check-docs ## format, lint, types, import arrows, spelling, stale pages; changes nothing
check-format: $(MADE)-dev
	@echo "$@"; $(RUN) -m ruff format --check .
check-lint: $(MADE)-dev
	@echo "$@"; $(RUN) -m ruff check .
check-types: $(MADE)-dev
	@echo "$@"; $(RUN) -m mypy
check-arrows: $(MADE)-dev
	@echo "$@"; .venv/bin/lint-imports --no-cache
check-spelling: $(MADE)-dev
	@echo "$@"; git ls-files -z | xargs -0 $(RUN) -m codespell_lib
check-docs: $(MADE)-dev
	@echo "$@"; $(RUN) docs/generate.py --check && $(RUN) deploy/generate.py --check

.PHONY: fix
fix: $(MADE)-dev ## format and repair what ruff can
	@$(RUN) -m ruff check --fix . ; $(RUN) -m ruff format .

.PHONY: dev
# No --livereload: the page's Content-Security-Policy rightly refuses a script of another port.
dev: $(MADE)-dev ## serve, started anew on every change of the code (aiohttp-devtools)
	@exec .venv/bin/adev runserver gateway --host 127.0.0.1 --port $${GATEWAY_PORT:-8080}

.PHONY: bench
bench: $(MADE)-dev ## measure against a naive gateway: CPU a token, added latency, memory an idle stream
	@exec $(RUN) -m bench $(ARGS)

.PHONY: clients
clients: $(MADE)-dev ## try LangChain, pydantic-ai, llm, AI SDK and the JavaScript SDKs against the gateway
	@$(RUN) tests/clients/run.py

.PHONY: docs
docs: $(MADE)-dev ## write the generated references anew
	@$(RUN) docs/generate.py

.PHONY: board
board: ## draw docs/images/dashboard.png from a Prometheus (ARGS="http://127.0.0.1:9090 30" minutes); needs node, Chromium
	@cd docs/dashboard && npm install --silent --no-audit --no-fund --no-package-lock --legacy-peer-deps
	@node docs/dashboard/draw.mjs docs/images/dashboard.png $(ARGS)

.PHONY: lock
lock: $(MADE)-dev ## write the lock files from setup.cfg (ARGS=--upgrade for the newest versions)
	@bash deploy/setup/lock.sh $(ARGS)

.PHONY: security
security: $(MADE)-dev ## look for known flaws, secrets and open doors; exit 1 also where a check could not look
	@$(RUN) -c 'import bandit, detect_secrets, pip_audit' 2>/dev/null || bash deploy/setup/venv.sh requirements-security.lock
	@$(RUN) -m deploy.security $(ARGS)

.PHONY: sbom
sbom: $(MADE) ## print the bill of materials (CycloneDX JSON)
	@$(RUN) deploy/sbom.py

.PHONY: setup
setup: $(MADE)-dev ## only make the environment with runtime and development packages

.PHONY: image
image: ## build the container image sluicegate:local
	@docker build --tag sluicegate:local .

.PHONY: clean
clean: ## remove the environment and everything that was made
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/*/node_modules
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

$(MADE): requirements.lock $(SETUP)
	@bash deploy/setup/venv.sh requirements.lock
	@touch $@

$(MADE)-dev: requirements-dev.lock requirements.lock $(SETUP)
	@bash deploy/setup/venv.sh requirements-dev.lock
	@touch $(MADE) $@
