# Commands for those who work on siteplan. What it installs by name comes from the machine's own package registries.
#
#   make demo    a virtual environment, siteplan in it, and the demonstration study end to end
#   make test    everything that continuous integration runs
#   make bench-spine    the figures of the main job, one JSON object a line
#   make bench-layers   the figures of reading: a million buildings, slopes of 100 million heights, minutes of walks; time and memory
#   make bench-siting   the figures of the siting engine: classic models, random studies, explanations, demo, a county of Ankang's size

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The first Python >= 3.11 that works; another one with PYTHON=...
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# A Python >= 3.12 beside it, where PuLP 4 is installed; empty where the machine has none.
OTHER_PYTHON ?= $(shell $(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 12))' 2>/dev/null && \
	for p in python3.13 python3.12 $$HOME/.pyenv/versions/3.1[2-9]*/bin/python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$p && break; done)

VENV := .venv
BIN := $(VENV)/bin
OTHER := .venv-other
DEMO := siteplan-demo
WORKERS ?= 2
# Relative to this folder, where every recipe runs: pip takes a blank for the end of a path. Pip 25.3 and later asks for the
# constraints of what builds siteplan by a name of their own.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@sed -n 's/^#   //p' Makefile

$(VENV)/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "siteplan needs Python 3.11 or later; give one with PYTHON=/path/to/python"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@

$(OTHER)/installed-test: pyproject.toml constraints.txt
	test -x $(OTHER)/bin/python || $(OTHER_PYTHON) -m venv $(OTHER)
	$(OTHER)/bin/python -m pip install --quiet --editable '.[test]'
	@touch $@

demo: $(VENV)/installed
	$(BIN)/python -m siteplan demo $(DEMO)

# What tests need beyond Python: a browser, a font that has Chinese, and PostgreSQL 15 with PostGIS. The tests start a server of their own.
system:
	@missing=; \
	command -v chromium >/dev/null 2>&1 || missing="chromium fonts-noto-cjk"; \
	test -x /usr/lib/postgresql/15/bin/initdb || missing="$$missing postgresql-15"; \
	test -f /usr/share/postgresql/15/extension/postgis.control || missing="$$missing postgresql-15-postgis-3"; \
	if [ -z "$$missing" ]; then echo "system packages: chromium and PostgreSQL 15 with PostGIS are there"; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "system packages: installing $$missing with apt-get"; \
		apt-get update -qq || true; \
		for package in $$missing; do \
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$package >/dev/null || \
			echo "system packages: apt-get could not install $$package; tests that need it will be skipped"; \
		done; \
	else echo "system packages: $$missing missing and cannot be installed here (needs root and apt-get); tests that need it will be skipped"; fi

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: system lint
	$(BIN)/python -m pytest -n $(WORKERS)
	@if [ -n "$(OTHER_PYTHON)" ]; then $(MAKE) --no-print-directory test-other; \
	else echo "no second Python >= 3.12 on this machine: PuLP 4 is not tested"; fi

# The same tests but the browser's and those of which one Python is enough, on a later Python and PuLP 4.
test-other: $(OTHER)/installed-test
	$(OTHER)/bin/python -m pytest -n $(WORKERS) -m 'not browser and not once' -p no:cacheprovider

bench-spine: $(VENV)/installed-test
	$(BIN)/python benchmarks/spine.py

bench-layers: $(VENV)/installed
	$(BIN)/python benchmarks/layers.py
	$(BIN)/python benchmarks/terrain.py

# spopt, which one part is measured beside, is in the extra bench.
bench-siting: $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python benchmarks/siting_classic.py
	$(BIN)/python benchmarks/siting_explain.py
	$(BIN)/python benchmarks/siting_random.py
	$(BIN)/python benchmarks/siting.py

# Message catalogues: collect the texts, then compile what has been translated.
messages: $(VENV)/installed-test
	$(BIN)/python -m siteplan.messages.collect

# Exact versions of everything, for both lines of PuLP.
constraints: $(VENV)/installed-test $(OTHER)/installed-test
	$(BIN)/python benchmarks/constraints.py $(BIN)/python $(OTHER)/bin/python > constraints.new && mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) $(OTHER) $(DEMO) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

.PHONY: help demo system lint test test-other bench-spine bench-layers bench-siting messages constraints clean
