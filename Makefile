# Seven verbs; `make help` lists them. The only things needed beforehand are Python 3.11 or newer and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test check bench fuzz fmt clean parts

help:  ## List what can be made.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/run-installed  ## Start the daemon here, with sample orders the first time; Ctrl-C stops it.
	@$(BIN)/dicomfabd run --samples

test: $(VENV)/dev-installed parts  ## Run every test against the real peers (installs them where it may).
	$(BIN)/pytest -n auto

check: $(VENV)/dev-installed  ## Lint, types, import contracts and the fast tests.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -n auto -m "not slow"

bench: $(VENV)/dev-installed parts  ## Measure, each figure beside a peer's in the same run.
	$(BIN)/python -m benchmarks

fuzz: $(VENV)/dev-installed  ## Put two million invented inputs to all that reads what peers send, and requests to the API; guided where atheris can be installed.
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz
	DICOMFABD_API_EXAMPLES=100 $(BIN)/pytest -q -s tests/web/test_openapi_fuzz.py

fmt: $(VENV)/dev-installed  ## Format the code.
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

clean:  ## Remove the virtual environment and what tools left behind.
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

parts:
	@sh tests/install_parts.sh $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("dicomfabd needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run-installed: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/dev-installed: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/run-installed
