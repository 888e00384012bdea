# make serve   the library from seeds/, answered at http://127.0.0.1:8000
# make ask Q="…"   a question on the command line
# make test    every check; each target does its own set-up

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: serve ask index test lint quality setup clean

serve: setup
	$(BIN)/fingerpost serve

ask: setup vectors/library.sqlite
	@$(BIN)/fingerpost ask "$(Q)"

index: setup
	$(BIN)/fingerpost index

vectors/library.sqlite: | $(READY)
	$(BIN)/fingerpost index

test: setup lint
	$(BIN)/pytest

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

quality: setup
	$(BIN)/python -m benchmarks.quality

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
