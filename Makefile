# What a person types.  Everything runs in .venv, which the first target that needs it creates.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo dev test scale-test chaos lint docs bench clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(INSTALLED) ## the main job on an embedded PostgreSQL and simulated vendors
	$(BIN)/market-pipeline demo

dev: $(INSTALLED) ## database, simulator and the Dagster UI on :3000; Ctrl-C stops it
	$(BIN)/market-pipeline up

# Hundreds of processes would each compile the package, which takes most of a second, where images switch bytecode off.
test: export PYTHONDONTWRITEBYTECODE =
test: $(INSTALLED) ## the tests
	@# In the order of folders the slow files come first, and no process is left alone with them at the end.
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

scale-test: $(INSTALLED) ## workers on hosts of their own, some of them lost (root, Redis, some minutes)
	$(BIN)/python -m pytest -n0 -s -m scale

chaos: $(INSTALLED) ## every fault on a working pipeline, and an account of what it has lost: ten minutes
	$(BIN)/python -m market_pipeline_tests.chaos

lint: $(INSTALLED) ## style, import contracts, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

docs: $(INSTALLED) ## the tables of README.md that follow from the code
	$(BIN)/python -m market_pipeline_tests.docs.tables

screenshots: $(INSTALLED) ## the pictures of the README, taken in Chromium
	$(BIN)/python -m market_pipeline_tests.docs.screenshots

bench: $(INSTALLED) ## ratios against limits measured in the same run, into docs/benchmarks.md: 20 minutes
	$(BIN)/python -m market_pipeline_tests.benchmarks

clean: ## everything that was generated but the database (`market-pipeline db stop`, then remove .pg)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .dagster .tmp_dagster_home_*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
