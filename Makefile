# Every target makes the environment when it is missing or older than the lock.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# Python may be set to keep no compiled modules, as in images: each of the servers' and tests' processes would then
# compile Dagster again, which takes three times as long as importing it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo up test suite bench lint style types imports manifest mutation chaos fuzz docs render

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11 to 3.13 is needed; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv from requirements.lock (about 1.5 GB once) …"
	@$(PYTHON) -m venv --clear .venv \
	  || { echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	@sed -n '/^uv==/,/^[^ ]/{/^uv==/p;/^ /p;}' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)
	@$(BIN)/bakery demo

up: $(READY)
	@$(BIN)/bakery up

lint: style types imports

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports --no-cache

manifest: $(READY)
	$(BIN)/python -m bakery_assets.assets.dbt_project

# The checks of `lint` run one after the other while the tests run: at either's start and end a core would be idle.
test: $(READY)
	@$(MAKE) --no-print-directory manifest
	@$(MAKE) --no-print-directory --jobs 2 suite style types imports

# Some tests wait for processes that they started; a third worker keeps two cores busy meanwhile.
suite: $(READY)
	$(BIN)/pytest --numprocesses 3 --dist worksteal

bench: $(READY)
	$(BIN)/python -m benchmarks

# Changes netting, lots, ordering, stock and metrics one line at a time; a change that no test notices is printed.
mutation: $(READY)
	$(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut results

# Changed files into the readers for an hour, or as long as SECONDS says; ends at the first that is not answered clearly.
fuzz: $(READY)
	$(BIN)/python -m tests.intake.fuzzing $(or $(SECONDS),3600)

# Kills processes at random moments of mornings over forty bakeries, and compares the plans with an undisturbed morning's.
KILLS ?= 50
SEED ?= 1
chaos: $(READY)
	$(BIN)/python -m tests.end_to_end.chaos --kills $(KILLS) --seed $(SEED)

# dbt's own documentation as one page, and the pages in docs/ that are made from the code.
docs: $(READY) render
	@$(BIN)/python -m bakery_assets.assets.dbt_docs

# What is rendered from the code and kept in the repository; tests fail when it is stale.
render: $(READY)
	$(BIN)/python -m docs.house
	$(BIN)/python -m resources.schema.contract
	$(BIN)/python -m bakery_assets.assets.dbt_columns
	BAKERY_ACCEPT=1 $(BIN)/pytest -q tests/assets/test_graph.py
