# Everything sets itself up: on a machine with git, make and Python 3.11 (with venv), `make demo` is all.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test check prove bench format lock clean

help:  ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/run  ## A small energy company on http://127.0.0.1:8000 (PORT= for another port)
	@$(BIN)/submeter demo

test: $(VENV)/dev  ## All tests, with proofs at small counts
	$(BIN)/pytest $(ARGS)

check: $(VENV)/dev  ## Format, lint, strict types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

prove: $(VENV)/dev  ## The proofs of `make test` at their full numbers
	SUBMETER_PROVE=1 $(BIN)/pytest -m proof -s $(ARGS)

bench: $(VENV)/dev  ## Speed, as ratios side by side in one run
	$(BIN)/python -m bench.rest $(ARGS)

format: $(VENV)/dev  ## Put the source into its canonical form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/dev  ## Renew the locked dependencies
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml --group dev -o requirements/dev.txt

clean:  ## Remove the virtual environment and caches, not the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Submeter needs Python 3.11 or newer; '$(PYTHON)' is older. Try: make demo PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing Submeter into $(VENV) (once) ..."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/run
	@echo "installing the tools for development (once) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
