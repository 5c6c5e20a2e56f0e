# Graftline. `make run` does everything on the sample; `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME := $(CURDIR)
export PYTHONUNBUFFERED := 1
STAMP := $(VENV)/.installed

.PHONY: help setup run test test-slow ui check lint bench bench-documents bench-peers gpu clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: $(STAMP) ## make .venv and install everything (vLLM for this machine: GPU or CPU)

$(STAMP): pyproject.toml .ci/install_vllm.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; say: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -U pip
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	$(BIN)/python .ci/install_vllm.py
	@touch $@

run: setup ## materialise every asset on the sample and say where to look
	$(BIN)/graftline run

test: setup ## the tests, within 20 minutes on 2 cores
	$(BIN)/python -m pytest -m 'not slow'

test-slow: setup ## the full matrices, kills and simulated nights
	$(BIN)/python -m pytest -m slow

ui: setup ## Dagster with its daemon and MLflow, on localhost
	$(BIN)/graftline ui

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/dagster definitions validate

check: lint test ## what CI runs: lint, types, definitions, tests

bench: setup ## the fine-tuning benchmark at its full size (some 75 minutes); its page goes to docs/benchmarks
	$(BIN)/python -m benchmarks.finetune --json docs/benchmarks/finetune.json --markdown docs/benchmarks/finetune.md

bench-documents: setup ## the benchmark of documents that change, 10,000 of them; its page goes to docs/benchmarks
	$(BIN)/python -m benchmarks.documents --json docs/benchmarks/documents.json --markdown docs/benchmarks/documents.md

bench-peers: setup ## make the environments of the peers that the benchmarks compare with (5 GB)
	$(BIN)/python -m benchmarks.peers

gpu: setup ## every figure that needs a GPU, within ten minutes on one; without a GPU each stands as skipped, with the reason
	$(BIN)/python -m benchmarks.gpu --json docs/benchmarks/gpu.json --markdown docs/benchmarks/gpu.md

clean: ## forget everything that was made (tables, models, graph, MLflow); the environment stays
	rm -rf .graftline
