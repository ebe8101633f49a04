# The daily commands. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help book pdf test lint check bench full data serve clean lock smoke path browser fuzz

PYTHON ?= python3
JOBS ?= $(shell env -u OMP_NUM_THREADS nproc)
COHORT ?=
FUZZ_SECONDS ?= 10
VENV := .venv/bin
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
READY := .venv/.complete

# One thread a job: JOBS jobs run side by side.
export PATH := $(CURDIR)/$(VENV):$(PATH)
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PYDEVD_DISABLE_FILE_VALIDATION := 1
export MVI_COHORT := $(COHORT)
export PYTHONPATH :=
export PYTHONDONTWRITEBYTECODE :=

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | \
	  awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

book: $(READY)  ## environment if missing, the whole study, the rendered book
	@$(if $(COHORT),mvi book $(COHORT) --jobs $(JOBS),python workflow/run.py html --jobs $(JOBS) && mvi summary)

pdf: book  ## the whole book as one PDF, _build/book.pdf (needs Chromium)
	@python workflow/pdf.py

test: $(READY)  ## environment if missing, unit tests, doctests, a smoke run of the whole study
	@pytest -n $(JOBS) -m "not browser and not slow"
	@$(MAKE) --no-print-directory smoke

smoke: $(READY)  ## the whole study at its smallest size (config/smoke.yaml)
	@MVI_STUDY=config/smoke.yaml python workflow/run.py study --jobs $(JOBS)

path: $(READY)  ## a hospital's export becomes pages and patient reports, by commands (one test, a minute)
	@pytest -m slow tests/study/test_own_path.py

browser: $(READY)  ## open every page of the rendered book in Chromium and judge it
	@pytest -n $(JOBS) -m browser tests/book

fuzz: $(READY) | $(UV)  ## a minute of fuzzing of every entry point (left out, and said, where atheris does not install)
	@if $(UV) pip install -q --python .venv --target .tools/fuzz --require-hashes -r tests/fuzz/requirements.lock; then \
	  for target in series tables yaml mask checkpoint archive; do \
	    PYTHONPATH=.tools/fuzz python tests/fuzz/fuzz.py $$target $(FUZZ_SECONDS) -verbosity=0; done; \
	else echo "fuzz: left out, atheris does not install here"; fi

lint: $(READY)  ## ruff, docstrings, import layers, notebook rules
	@ruff check .
	@ruff format --check .
	@lint-imports --no-cache
	@python workflow/lint_notebooks.py

check: lint test book  ## what CI runs

bench: $(READY)  ## the benchmarks, as ratios against a stated reference
	@python workflow/bench.py

full: $(READY)  ## every set of sequences at the paper's size, on a GPU; stores the table (GPUS=n trainings at a time)
	@MVI_STUDY=config/full.yaml python workflow/run.py --jobs $(JOBS) subsets -- --resources gpu=$(or $(GPUS),1)

data: $(READY)  ## fetch the public tables by address and sha256, or take them from the folder MVI_DATA
	@mvi fetch

serve: $(READY)  ## look at the book on http://localhost:8000
	@python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

clean:  ## remove what the study made; the environment and downloads stay
	rm -rf _build _smoke results book/notebooks book/_toc.yml book/_static/figures .snakemake

lock: $(UV)  ## renew requirements.lock and environment.yml from requirements.in
	@$(UV) pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" requirements.in -o requirements.lock
	@python workflow/conda.py > environment.yml

.tools/bin/uv: workflow/uv.lock
	@$(PYTHON) -m venv .tools || { echo "python3 has no venv module. Install it: apt-get install python3-venv" >&2; exit 1; }
	@.tools/bin/pip install -q --disable-pip-version-check --require-hashes -r workflow/uv.lock
	@touch $@

$(READY): requirements.lock pyproject.toml | $(UV)
	@echo "environment: installing $$(grep -c == requirements.lock) pinned packages into .venv"
	@[ -x .venv/bin/python ] || $(UV) venv -q --python 3.11 .venv
	@$(UV) pip sync -q --python .venv --compile-bytecode --require-hashes requirements.lock
	@$(UV) pip install -q --python .venv --no-deps --no-build-isolation -e .
	@touch $@
