# All tasks of the project; each one sets up what it needs by itself.
BIN := .venv/bin
BENCH := .venv-bench/bin
CODE := src tests benchmarks tools

.PHONY: help setup demo bench test lint format clean

help:
	@echo "make demo       run the demonstration country: report, store and exports in out/demo"
	@echo "make test       run the tests"
	@echo "make bench      measure leefraster beside its peers (15 minutes) and write docs/benchmarks.md"
	@echo "make lint       ruff, mypy and the check that imports go down the floors"
	@echo "make format     let ruff format and fix"
	@echo "make setup      make .venv with the pinned packages (the others do this by themselves)"
	@echo "make clean      remove out/ and caches, not .venv"

setup:
	@sh tools/setup.sh

demo: setup
	@$(BIN)/leefraster run --out out/demo

bench: setup
	@sh benchmarks/setup.sh
	@$(BENCH)/python benchmarks/bench.py run $(BENCH_OPTIONS)
	@$(BENCH)/python benchmarks/bench.py page

test: setup
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/python tools/check_floors.py

format: setup
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

clean:
	rm -rf out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
