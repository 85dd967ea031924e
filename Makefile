# The project's verbs: a thin face over the tools. `make` lists them.
# They work with GNU make on Linux, macOS and Windows (Git Bash), and need nothing else but Python and a package index.

PYTHON_GIVEN := $(filter-out undefined,$(origin PYTHON))
ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := .venv/Scripts
else
PYTHON ?= python3
BIN := .venv/bin
endif

TORCH ?=
DEVICE ?= cpu
ARGS ?=
SETUP := tools/environment.py $(if $(TORCH),--torch "$(TORCH)") $(if $(PYTHON_GIVEN),--this-python)
# A Python that is missing or older than any that can say so itself: one sentence.
STARTS = $(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 6))" >/dev/null 2>&1 || { echo "dlbook: \
PYTHON = $(PYTHON) does not start a Python 3; install Python 3.11 to 3.14 and name it, as in \`make book PYTHON=python3.14\`." \
>&2; exit 2; }

.DEFAULT_GOAL := help
.PHONY: help book test test-all lab bench env lock clean

help:  ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile
	@echo "TORCH=cpu: the CPU-only wheels of torch. DEVICE=cuda: test on a GPU. PYTHON=python3.14: this Python."

book: env  ## build the static HTML book, and print the path of its index page
	@$(BIN)/dlbook build $(ARGS)

test: env  ## every check that a change must pass (ARGS="lint unit": only these)
	@$(BIN)/python tools/checks.py --device "$(DEVICE)" $(ARGS)

test-all: env  ## the same, with ten seeds and every declared parameter set
	@$(BIN)/python tools/checks.py --device "$(DEVICE)" --all $(ARGS)

lab: env  ## open JupyterLab on the chapters
	@MSYS_NO_PATHCONV=1 $(BIN)/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/chapters $(ARGS)

bench: env  ## print times and sizes as JSON lines
	@$(BIN)/dlbook bench $(ARGS)

env:  ## only make .venv from requirements.lock (the verbs above do so themselves)
ifeq ($(PYTHON_GIVEN),)
	@if [ -x $(BIN)/python ] && $(BIN)/python -S -E $(SETUP) --check 2>/dev/null; then exit 0; fi; \
	$(STARTS); $(PYTHON) $(SETUP)
else
	@$(STARTS); $(PYTHON) $(SETUP)
endif

lock:  ## make requirements.lock again from pyproject.toml (UPGRADE=1: newest versions)
	@$(STARTS); $(PYTHON) tools/lock.py $(if $(UPGRADE),--upgrade)

clean:  ## remove what was built (.venv and data/cache stay)
	@rm -rf _build _vendor build .pytest_cache .hypothesis .ruff_cache
