# What one types: run (the main job), test (everything CI runs), train, check (without the tests), docs (the site).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test train check docs

run: $(VENV)/.base
	$(BIN)/inlet demo $(ARGS)

test: check
	$(BIN)/python -m pytest -n logical --maxprocesses 4 $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

train: $(VENV)/.train
	$(BIN)/python -m training.train $(ARGS)

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict $(ARGS)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

$(VENV)/.train: $(VENV)/.base
	$(PIP) -e '.[train]'
	@touch $@

# Of the last one only axe-core's file is read (tests/support_axe.py), not its driver, which wants playwright.
$(VENV)/.dev: $(VENV)/.train
	$(PIP) -e '.[train,dev]'
	$(PIP) --no-deps axe-playwright-python
	@touch $@

$(VENV)/.docs: $(VENV)/.base
	$(PIP) -e '.[docs]'
	@touch $@
