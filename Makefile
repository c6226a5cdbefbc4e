# Two commands matter: `make run` and `make check`. Both install what they need into this folder first.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
DEMO ?= 1
VENV := .venv
PY := $(VENV)/bin/python
UV := .boot/bin/uv
SHELL := /bin/sh

export UV_NO_CONFIG := 1
export UV_PYTHON_DOWNLOADS := never
export PYTHONUNBUFFERED := 1
# An account without a usable home (a service user, a container) keeps the installer's cache here.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export UV_CACHE_DIR := $(CURDIR)/.boot/cache
endif
# Many companies add an authority of their own to the machine's list.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := 1
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run check test e2e chaos bench lint format types css lock shell clean ready writable

help:
	@echo "make run      install everything and run the portal with a demo  (PORT=8000 HOST=127.0.0.1; DEMO=0: empty)"
	@echo "make check    install everything and run format, lint, types and all tests: exactly what CI runs"
	@echo "make test     the quick tests: SQLite, no browser, no processes  (ARGS='-k name')"
	@echo "make e2e      the browser tests, in a real Chromium"
	@echo "make bench    measure the portal beside its floors  (QUICK=1: two minutes; ONLY=webhook_intake: one figure)"
	@echo "make chaos    kill, freeze and cut everything while texts flow; check that no promise breaks  (SEED= ENGINE= ONLY= SHORT=1)"
	@echo "make lint     format and lint, without changing anything"
	@echo "make format   format the code and mend what can be mended"
	@echo "make types    mypy --strict"
	@echo "make css      build the stylesheet"
	@echo "make lock     pin all dependencies anew from pyproject.toml  (UPGRADE=--upgrade: newer versions)"
	@echo "make shell    a Python prompt inside the portal"
	@echo "make clean    remove what was installed and built; keeps .var, your data"

run: $(VENV)/.run
	@exec $(PY) manage.py up --host $(HOST) --port $(PORT) $(if $(filter 0 no false,$(DEMO)),--no-demo,--demo)

check: $(VENV)/.dev
	@exec $(PY) tests/check.py

test: $(VENV)/.dev
	@env -u DATABASE_URL $(PY) -m pytest -q -n 2 -m "not browser and not processes" $(ARGS)

e2e: $(VENV)/.dev
	@$(PY) tests/check.py browser

bench: $(VENV)/.dev
	@exec $(PY) -m tests.bench $(if $(filter-out 0 no false,$(QUICK)),--quick) $(if $(ONLY),--only $(ONLY))

chaos: $(VENV)/.dev
	@exec $(PY) -m tests.chaos

lint: $(VENV)/.dev
	@$(PY) tests/check.py format lint templates

format: $(VENV)/.dev
	@$(PY) -m ruff check --quiet --fix . ; $(PY) -m ruff format --quiet .
	@find templates -name '*.html' -exec $(VENV)/bin/djade --target-version 5.2 {} + ; true

types: $(VENV)/.dev
	@$(PY) tests/check.py types

css: $(VENV)/.run
	@$(PY) manage.py css

shell: $(VENV)/.run
	@$(PY) manage.py shell

clean:
	rm -rf .boot .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* htmlcov test-results

# --- installing ---

writable:
	@test -w . || { echo "This folder cannot be written to: clone the portal into a folder that is yours."; exit 1; }

ready: | writable
	@command -v git >/dev/null 2>&1 || { echo "git is missing. On Debian: apt-get install git"; exit 1; }
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "Python 3.11 or newer is missing. On Debian: apt-get install python3 python3-pip"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Name a newer one: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { echo "pip is missing. On Debian: apt-get install python3-pip"; exit 1; }

$(UV): requirements/bootstrap.txt | ready
	@echo "Installing the installer (uv) into .boot ..."
	@rm -rf .boot
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-warn-script-location --root-user-action=ignore --no-deps --require-hashes --target .boot -r $<
	@touch $@

$(PY): | $(UV)
	@$(UV) venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)

$(VENV)/.run: requirements/run.txt | $(UV) $(PY)
	@echo "Installing the portal's packages into .venv ..."
	@$(UV) pip install --quiet --python $(PY) --require-hashes --only-binary :all: -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(UV) $(PY)
	@echo "Installing the portal's packages and the test tools into .venv ..."
	@$(UV) pip install --quiet --python $(PY) --require-hashes --only-binary :all: -r $<
	@touch $@ $(VENV)/.run

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(UPGRADE)

lock: | $(UV)
	@echo "Locking ..."
	@$(COMPILE) requirements/bootstrap.in -o requirements/bootstrap.txt
	@$(COMPILE) pyproject.toml --all-extras --group embedded --group dev -o requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra postgres --group embedded -c requirements/dev.txt -o requirements/run.txt
	@$(COMPILE) pyproject.toml --all-extras -c requirements/dev.txt -o requirements/prod.txt
	@! grep -nE '://|index-url|find-links' requirements/*.txt
