# Funnelhouse: `make run` and `make test` do all their own set-up; they need Python 3.11+ with venv and pip, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SCALE ?= S

.DEFAULT_GOAL := help
.PHONY: help run ui test test-slow lint format docs bench clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Bytecode is compiled at install: without it the first start of every tool takes three times as long.
$(INSTALLED): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Funnelhouse needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try: make run PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==0.13.9"
	@echo "Installing Funnelhouse into $(VENV) ..."
	@UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --quiet --frozen --inexact --compile-bytecode --python $(BIN)/python
	@touch $@

run: $(INSTALLED) ## Run the whole pipeline on the bundled demo company
	@$(BIN)/funnelhouse run

ui: $(INSTALLED) ## Open the Dagster UI on http://localhost:3000
	@$(BIN)/dagster dev

test: $(INSTALLED) ## Run the tests (under 15 minutes on 2 cores)
	@$(BIN)/python -m pytest -m "not slow"

test-slow: $(INSTALLED) ## Run the long tests
	@$(BIN)/python -m pytest -m slow

lint: $(INSTALLED) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@FUNNELHOUSE_WAREHOUSE=:memory: $(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt_project/models dbt_project/tests/singular

format: $(INSTALLED) ## Mend style where a tool can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@FUNNELHOUSE_WAREHOUSE=:memory: $(BIN)/sqlfluff fix --disable-progress-bar dbt_project/models dbt_project/tests/singular

docs: $(INSTALLED) ## Write the data dictionary to .funnelhouse/dbt/static_index.html
	@$(BIN)/python -m orchestration.dictionary

bench: $(INSTALLED) ## Measure speed and memory against the floor: make bench SCALE=S (or M)
	@$(BIN)/python -m benchmarks.bench --scale $(SCALE)
	@$(BIN)/python -m benchmarks.ingestion

clean: ## Remove the environment and everything that was built
	rm -rf $(VENV) .funnelhouse build dbt_project/target dbt_project/logs
