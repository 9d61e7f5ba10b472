.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install test prove long unit fast check format demo up down docs lock clean

help:                ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/installed ## create the Python environment from the lock

$(VENV)/installed: requirements.lock requirements-installer.lock
	@scripts/install $(PYTHON)

test: install        ## static checks, and every test but the long one: rules, constructs, real Terraform on the embedded AWS
	scripts/test

prove: install       ## the long form of every proof: faults, hostile input, policies, scanners; prints one table
	$(VENV)/bin/python -m tests.proof

long: install        ## the test that takes forty minutes: a file of a hundred thousand rows, paid to its end
	$(VENV)/bin/python -m pytest -q -m long -o faulthandler_timeout=7200

unit: install        ## rules, use cases and handlers, in seconds
	$(VENV)/bin/python -m pytest -q --numprocesses 2 tests/unit

fast: install        ## every test that needs neither Terraform nor a network, constructs included
	$(VENV)/bin/python -m pytest -q --numprocesses 2 -m "not slow and not long"

check: install       ## static checks: ruff, mypy, import-linter
	scripts/check

format: install      ## format the code
	$(VENV)/bin/ruff check --fix . && $(VENV)/bin/ruff format .

demo: install        ## deploy to the embedded AWS and pay: single payments, one with an approval, a file
	scripts/local demo

up: install          ## deploy to the embedded AWS and leave it running
	scripts/local up

down: install        ## stop the embedded AWS and forget its state
	scripts/local down

docs: install        ## redraw what is generated: the picture in README.md, docs/states.md, openapi.json
	scripts/generate

lock:                ## pin every dependency anew, with hashes (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev pyproject.toml --output-file requirements.lock

clean:               ## remove everything that is built
	-[ ! -d .local ] || scripts/local down
	rm -rf $(VENV) .local .cache cdktf.out cdktf.log .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
