# Everything runs from a fresh clone: each target makes .venv first where it is missing or older
# than pyproject.toml or constraints.txt. Only Python 3.11 or newer has to be there.
#
#   make PYTHON=python3.12 test     another interpreter
#   make test ARGS="-k parse -x"    arguments for pytest

PYTHON ?= python3
ARGS ?=
WORKERS ?= 2
BIN := .venv/bin
STAMP := .venv/.installed

# The tensors are small: one thread is the fastest, and results do not depend on the machine.
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo test bench lint format-check ruff mypy clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

venv: $(STAMP)  ## make or refresh .venv with the pinned versions

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "diffprog needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "installing the pinned packages into .venv" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)  ## learn a sort from lists of 3, print the program, draw it
	@$(BIN)/python examples/sort/demo.py

test: $(STAMP)  ## the whole default suite
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

bench: $(STAMP)  ## the slow tests and every examples/*/bench.py (tables in runs/bench/)
	@mkdir -p runs/bench
	@failed=0; \
	$(BIN)/python -m pytest -m slow $(ARGS) || [ $$? -eq 5 ] || failed=1; \
	for bench in $(sort $(wildcard examples/*/bench.py examples/*/*/bench.py)); do \
	  name=$$(dirname $${bench#examples/} | tr / -); \
	  echo "== $$name"; \
	  $(BIN)/python $$bench --json runs/bench/$$name.json || failed=1; \
	done; \
	exit $$failed

lint: format-check ruff mypy  ## format, lint and types; `make -k lint` reports all three

format-check: $(STAMP)
	$(BIN)/ruff format --check .

ruff: $(STAMP)
	$(BIN)/ruff check .

mypy: $(STAMP)
	$(BIN)/mypy --strict diffprog

clean:  ## remove .venv, caches and build output (runs/ stays)
	rm -rf .venv build dist htmlcov .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find diffprog tests examples -name __pycache__ -type d -prune -exec rm -rf {} +
