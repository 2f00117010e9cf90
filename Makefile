# Everything sets itself up: on a machine with git, make and Python 3.11 (with venv), `make demo` is all.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# A virtual environment holds absolute paths: it runs neither where its directory was moved or copied to, nor always
# for another user. It is never removed unasked: it may be somebody's who works with it.
HERE := $(BIN)/python -c 'import os, submeter; assert os.path.samefile(submeter.__path__[0], "src/submeter")' 2>/dev/null
REFUSE := { echo "\`$(VENV)\` is there but does not run: it is another user's, is half made, or this directory was moved. \`make clean\`, then again."; exit 1; }

.PHONY: help demo test check prove bench bench-rest bench-metering bench-rating format lock clean here

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: here  ## A small energy company on http://127.0.0.1:8000 (PORT= for another port)
	@$(BIN)/python -m submeter demo

test: here $(VENV)/dev  ## All tests, with proofs at small counts
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: here $(VENV)/dev  ## Format, lint, strict types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

prove: here $(VENV)/dev  ## The proofs of `make test` at their full numbers
	SUBMETER_PROVE=1 $(BIN)/pytest -m proof -s $(ARGS)

bench: here $(VENV)/dev  ## Speed of rowgate, as ratios side by side in one run (POSTGREST= names a rival)
	$(BIN)/python -m bench.rowgate $(ARGS)

bench-rest: here $(VENV)/dev  ## The same for Submeter's REST face, over its own schema
	$(BIN)/python -m bench.rest $(ARGS)

bench-metering: here $(VENV)/dev  ## Meter files into values, beside the libraries that read them
	$(BIN)/python -m bench.metering $(ARGS)

bench-rating: here $(VENV)/dev  ## Bills by price plans, beside NREL's SAM
	$(BIN)/python -m bench.rating $(ARGS)

format: here $(VENV)/dev  ## Put the source into its canonical form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: here $(VENV)/dev  ## Renew the locked dependencies
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml --group dev -o requirements/dev.txt

clean:  ## Remove the virtual environment and caches, not the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache tests/clients/javascript/node_modules

$(VENV)/bin/python:
	@[ ! -e $(VENV) ] && [ ! -L $(VENV) ] || $(REFUSE)
	@case "$$($(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null)" in \
	    True) exit 0 ;; False) problem="is older" ;; *) problem="is not there" ;; \
	  esac; \
	  echo "Submeter needs Python 3.11 or newer; '$(PYTHON)' $$problem. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "No virtual environment could be made. Either venv is missing (on Debian and Ubuntu: apt install python3-venv),"; \
	    echo "or you may not write into this directory: then move it to where you may, or make a clone of your own."; exit 1; }

$(VENV)/run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@if [ -e $@ ]; then $(HERE); else $(BIN)/python -c '' 2>/dev/null; fi && [ -w $(VENV) ] || $(REFUSE)
	@echo "installing Submeter into $(VENV) (once) ..."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps -e .
	@touch $@

here: $(VENV)/run
	@$(HERE) || $(REFUSE)

$(VENV)/dev: requirements/dev.txt $(VENV)/run
	@echo "installing the tools for development (once) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
