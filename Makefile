# Hookline's tasks. Set-up steps leave a file behind, so a step runs again only when what it reads
# has changed. Works with GNU make 3.81 and newer.

export PYTHON

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --quiet --no-input --disable-pip-version-check
ASSETS := src/hookline/console/vendor/htmx.min.js

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench format lock reference screenshots clean setup-dev

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.installed $(ASSETS) ## Make the virtual environment and fetch the locked packages
	@true

run: setup ## Serve on http://localhost:8080 from ./data; Ctrl-C stops (ARGS="--port 9000")
	@exec scripts/run.sh $(ARGS)

test: ## Install what the tests need, then run them all (ARGS="tests/messages -k expired")
	@python=$$(scripts/find_python.sh --bare) && "$$python" scripts/setup_test.py
	@$(MAKE) --no-print-directory setup-dev
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup-dev ## Lint, types, import contracts and sizes, in seconds
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python scripts/check_sizes.py

bench: setup-dev ## Measure Hookline on both databases (ARGS="--help", --calls, --tokens, --webhooks)
	@$(BIN)/python scripts/setup_test.py $(if $(filter --calls,$(ARGS)),bench-calls,bench)
	@$(BIN)/python -m bench $(ARGS)

format: setup-dev ## Format the code and repair what the linter can repair
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## Resolve the locks anew from pyproject.toml (ARGS=--upgrade takes the newest)
	@scripts/lock.sh $(ARGS)

reference: setup-dev ## Write docs/reference from the code (ARGS=--check only compares)
	@$(BIN)/python scripts/reference.py $(ARGS)

screenshots: setup-dev ## Take the pictures of docs/credentials-tour.md anew
	@HOOKLINE_SCREENSHOTS=docs/images $(BIN)/pytest -q tests/console/test_browser_credential_tour.py

clean: ## Remove what set-up, tests and tools made; ./data stays
	@rm -rf $(VENV) .tools .assets $(dir $(ASSETS)) dist bench/out
	@rm -rf tests/services/smsc/node_modules tests/services/npm/node_modules
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

setup-dev: $(VENV)/.locked-dev setup
	@true

$(VENV)/.created:
	@echo "Making the virtual environment in $(VENV)"
	@python=$$(scripts/find_python.sh) && "$$python" -m venv --clear $(VENV)
	@touch $@

$(VENV)/.locked: requirements.lock $(VENV)/.created
	@echo "Installing the locked packages"
	@$(PIP) install --require-hashes --no-deps -r requirements.lock
	@touch $@

$(VENV)/.locked-dev: requirements-dev.lock $(VENV)/.locked
	@echo "Installing the locked packages for development"
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(ASSETS): assets.txt scripts/copy_assets.sh $(VENV)/.created
	@echo "Fetching htmx"
	@scripts/copy_assets.sh
