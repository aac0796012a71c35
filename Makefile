# What can be done here: `make help`.
#
#   PYTHON   the interpreter that makes the environment (3.11 or later)
#   VENV     where the environment stands; take another one for another PYTHON
#   STORE    the store that `make demo` runs in
#   AGAIN    --resume, for `make bench` to go on where it was cut

VENV ?= .venv
STORE ?= .lineal
PYTHON ?= $(firstword $(foreach python,python3 python3.13 python3.12 python3.11,$(shell \
	$(python) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(python))))

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := requirements.lock
LOCK_ALL := requirements-all.lock
BENCH_VENV := .venv-bench
BENCH_LOCK := benchmarks/requirements.lock
UV := $(shell command -v uv 2>/dev/null)
SOURCES := src tests pipelines graphs benchmarks

.DEFAULT_GOAL := help
.PHONY: help env env-all demo test test-all check graphs bench bench-env bench-quick docs lock format clean

help:  ## Show this.
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 9

env: $(STAMP)  ## Make the environment, exactly as locked; does nothing when it is up to date.

# A half-made environment leaves no stamp, so the next `make` goes on with it.
$(STAMP): pyproject.toml $(LOCK)
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or later found; set PYTHON." >&2; exit 2; }
ifneq ($(UV),)
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(LOCK)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@

# Dask and Ray, which are large, stand beside what is locked for everything else.
env-all: $(STAMP)-all
$(STAMP)-all: $(STAMP) $(LOCK_ALL)
ifneq ($(UV),)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(LOCK_ALL)
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK_ALL)
endif
	@touch $@

demo: env  ## Run a real pipeline, then show its runs and the newest one's lineage.
	LINEAL_STORE=$(STORE) $(BIN)/lineal run pipelines/diagnosis.py
	LINEAL_STORE=$(STORE) $(BIN)/lineal runs
	LINEAL_STORE=$(STORE) $(BIN)/lineal lineage latest

test: env  ## Run the tests, the slow ones last, with coverage.
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --cov --cov-report=term

test-all: env-all  ## Run the tests of Dask and Ray, too, in an environment that has them.
	RAY_AUTH_MODE=disabled RAY_USAGE_STATS_ENABLED=0 DASK_LOGGING__DISTRIBUTED=error \
		$(BIN)/python -m pytest -m "dask or ray"

check: env  ## Lint, check the format, the types and the direction of imports.
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: env  ## Bring the code into its format.
	$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

graphs: env  ## Make the reference lineage graphs of the bundled pipelines again.
	$(BIN)/python graphs/make.py

# The peers and their requirements stand in an environment of their own.
bench-env:  ## Make the environment of the benchmarks, with the tools beside lineal.
	@$(MAKE) --no-print-directory env VENV=$(BENCH_VENV) LOCK=$(BENCH_LOCK)

bench: bench-env  ## Measure lineal beside other tools, into benchmarks/RESULTS.md (25 minutes).
	$(BENCH_VENV)/bin/python benchmarks $(AGAIN)

bench-quick: bench-env  ## Measure the ratios roughly, in less than five minutes.
	$(BENCH_VENV)/bin/python benchmarks --size quick

docs: env  ## Build the documentation into site/; a broken link is an error.
	$(BIN)/zensical build --strict

lock:  ## Resolve the requirements again, for every Python this project runs on.
	@test -n "$(UV)" || { echo "\`make lock\` needs uv on the PATH." >&2; exit 2; }
	$(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --extra dev \
		--generate-hashes --no-strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--upgrade -o $(LOCK)
	$(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --extra dev --extra dask --extra ray \
		--generate-hashes --no-strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--constraint $(LOCK) --upgrade -o $(LOCK_ALL)
	$(UV) pip compile pyproject.toml benchmarks/requirements.in --quiet --universal --python-version 3.11 \
		--generate-hashes --no-strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--upgrade -o $(BENCH_LOCK)
	for lock in $(LOCK) $(LOCK_ALL) $(BENCH_LOCK); do \
		awk -f .ci/without-extras.awk $$lock > $$lock.new && mv $$lock.new $$lock || exit; done

clean:  ## Remove what can be made again; the store stays.
	rm -rf $(VENV) $(BENCH_VENV) site build dist htmlcov .coverage .coverage.* \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
