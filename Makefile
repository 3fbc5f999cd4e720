# Everything is installed into this folder: Python packages in .venv, Node packages in pm2/frameworks/node_modules.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
NODE_PARTS := pm2/frameworks
# Tests mostly wait for daemons, so there are more workers than the usual two cores. 0: no workers.
WORKERS ?= 5
# In the order of tests/slowest_first.py.
PYTEST := -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
SERVED := $(VENV)/.server $(VENV)/.node
TESTED := $(SERVED) $(VENV)/.dev $(VENV)/.browser

.DEFAULT_GOAL := help
# The tests start hundreds of Python processes: without byte code on disk, each compiles the program again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup run dev demo admin dashboard test test-fast browser coverage lint check bench harden fmt lock clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: $(SERVED) ## install everything that the server needs, into this folder only

run: $(SERVED) ## start the server on http://localhost:3100 (API_PORT, API_HOST, API_KEY … see docs/install.md)
	@exec $(PY) manage.py serve

dev: $(SERVED) ## start the server with reload on changes and detailed errors
	@$(PY) manage.py migrate --verbosity 0
	@NODE_ENV=development exec $(PY) manage.py runserver

demo: $(SERVED) ## start the server unless it is running, a 6-node Redis Cluster, fastify, and one quick benchmark
	@$(PY) manage.py demo

admin: $(SERVED) ## create the first admin user (prompts for a password, or generates one and prints it once)
	@$(PY) manage.py migrate --verbosity 0
	@$(PY) manage.py admin

dashboard: $(VENV)/.client ## start the terminal dashboard (API_SERVER, API_KEY … see docs/install.md; ARGS=--help)
	@exec $(PY) -m dashboard_client $(ARGS)

test: $(TESTED) ## run all tests but the long ones of the page, with real PM2, Redis, load generators and Chromium
	@$(PY) $(PYTEST) $(ARGS)

test-fast: $(SERVED) $(VENV)/.dev ## the tests that start no daemon, server or load generator
	@$(PY) $(PYTEST) -n 2 -m 'not real' $(ARGS)

browser: $(TESTED) ## run all tests of the page, the long ones too, in a headless Chromium
	@$(PY) -m pytest -n 2 --dist loadfile -m '' tests/browser $(ARGS)

coverage: $(TESTED) ## run all tests and measure the coverage, including that of the servers and clients they start
	@$(PY) -m coverage erase
	@$(PY) -m coverage run $(PYTEST) $(ARGS)
	@$(PY) -m coverage combine -q && $(PY) -m coverage report --fail-under=85

lint: $(TESTED) ## check formatting, lint, types, the types of the page's scripts, schema and migrations
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy .
	@$(PY) -m tests.browser.npm tsc
	@$(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null
	@$(PY) manage.py makemigrations --check --dry-run --verbosity 0

check: lint coverage ## lint, then all tests with coverage

bench: $(SERVED) $(VENV)/.dev ## measure our own performance, side by side with PM2's CLI and plain wrk (PART="core pm2 …")
	@$(PY) -m perf $(PART)

harden: $(SERVED) $(VENV)/.dev ## attack a started server (2 minutes); PART=shutdown: SIGTERM during every long verb (40 minutes)
	@$(PY) -m perf.$(or $(PART),harden)

fmt: $(VENV)/.dev ## format the code
	@$(VENV)/bin/ruff format . && $(VENV)/bin/ruff check --fix .

lock: | $(VENV)/bin/pip ## pin the newest versions that pyproject.toml permits, for all supported Pythons, in requirements.lock
	@test -x $(VENV)/bin/uv || $(PY) -m pip install --quiet --disable-pip-version-check uv
	@$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --no-annotate \
	  --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean: ## remove everything that was installed and built; keeps history and settings in var/
	rm -rf $(VENV) $(NODE_PARTS)/node_modules tests/browser/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@echo "Creating the Python environment in $(VENV)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "[ERROR] Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 run")'
	@$(PYTHON) -m venv $(VENV) || { echo "[ERROR] $(PYTHON) failed to create a virtual environment. On Debian: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

# Versions come from the lock file, ranges from pyproject.toml, which requirements*.txt repeat.
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --constraint requirements.lock

$(VENV)/.server: requirements.txt requirements-client.txt requirements.lock | $(VENV)/bin/pip
	@echo "Installing the Python packages (requirements.txt)" >&2
	@$(INSTALL) -r requirements.txt
	@touch $@

# The server's packages include the client's.
$(VENV)/.client: requirements-client.txt requirements.lock | $(VENV)/bin/pip
	@test -e $(VENV)/.server || { echo "Installing the client's Python packages (requirements-client.txt)" >&2; $(INSTALL) -r requirements-client.txt; }
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.lock | $(VENV)/.server
	@echo "Installing the packages for the tests (requirements-dev.txt)" >&2
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

# Also installs Node and redis-server if PATH has none that is recent enough.
$(VENV)/.node: $(NODE_PARTS)/package-lock.json | $(VENV)/.server
	@$(PY) manage.py setup
	@touch $@

# axe-core, the TypeScript compiler, and types of the page's libraries.
$(VENV)/.browser: tests/browser/package-lock.json | $(VENV)/.dev $(VENV)/.node
	@echo "Installing the npm packages for the tests of the page (tests/browser)" >&2
	@$(PY) -m tests.browser.npm ci
	@touch $@
