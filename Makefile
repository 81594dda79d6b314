# `make demo` shows what this is; `make test` and the others are for those who change it. See `make help`.

PYTHON ?= python3
ARGS ?=

VENV := .venv
RUN := $(VENV)/bin/python
CODE := $(wildcard src tests bench docs)

# Tests start hundreds of processes: each would compile the sources anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-fast test-count coverage lint format types docs-check docs bench clean
.DEFAULT_GOAL := help

help: ## lists these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## shows everything on a PostgreSQL of its own (arguments: ARGS='…')
	@$(VENV)/bin/mvc demo $(ARGS)

test: $(VENV)/.dev ## runs the tests (ARGS='-k refresh' picks some)
	$(RUN) -m pytest -n auto --dist worksteal $(ARGS)

test-fast: $(VENV)/.dev ## runs those that need no server and are not slow
	$(RUN) -m pytest -n auto --dist worksteal -m 'not server and not slow' $(ARGS)

test-count: $(VENV)/.dev ## runs the tests, and says how many assertions held
	PYTHONPYCACHEPREFIX=$(VENV)/counted $(RUN) -m pytest -n auto --dist worksteal -o enable_assertion_pass_hook=true --count-assertions $(ARGS)

coverage: $(VENV)/.dev ## runs the tests, and says which branches none of them takes
	$(RUN) -m pytest -n auto --dist worksteal --cov --cov-report=term-missing $(ARGS)

lint: $(VENV)/.dev ## checks the code's style
	$(RUN) -m ruff check $(CODE)
	$(RUN) -m ruff format --check $(CODE)

format: $(VENV)/.dev ## formats the code
	$(RUN) -m ruff format $(CODE)
	$(RUN) -m ruff check --fix-only $(CODE)

types: $(VENV)/.dev ## checks the types
	$(RUN) -m mypy

docs-check: $(VENV)/.dev ## checks that the documentation says what is so
	$(RUN) docs/check.py

docs: $(VENV)/.docs ## builds the site into site/, and fails at what leads nowhere
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet

bench: $(VENV)/.dev ## measures
	$(RUN) bench/run.py $(ARGS)

clean: ## removes what the other targets made
	rm -rf $(VENV) .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist site
	find src tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is used again until pyproject.toml changes. That of `dev` has all that `demo` needs.
$(VENV)/.dev: pyproject.toml | $(RUN)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.dev $(VENV)/.demo

$(VENV)/.docs: pyproject.toml $(VENV)/.dev
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $(VENV)/.docs

$(VENV)/.demo: pyproject.toml | $(RUN)
	@echo 'Installing mvc and a PostgreSQL of its own into $(VENV) …'
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $(VENV)/.demo

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo 'Python 3.10 or newer is needed: make PYTHON=/path/to/python3 …' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo '$(PYTHON) cannot make environments (on Debian and Ubuntu: apt install python3-venv)' >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
