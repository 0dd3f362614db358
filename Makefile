# The developer's and the newcomer's commands. Everything is built into .venv from the lock file;
# a second run finds the stamp and starts at once.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
JOBS   ?= auto

.PHONY: demo test lint bench soak docs lock clean

demo: $(READY)
	@$(BIN)/hedgerow demo

test: $(READY)
	@$(BIN)/pytest -n $(JOBS) -m "not soak"

lint: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(READY)
	@$(BIN)/hedgerow bench

soak: $(READY)
	@$(BIN)/pytest -m soak

docs: $(READY)
	@$(BIN)/python tools/build_docs.py

# Needs uv; writes the lock files anew from pyproject.toml, docs.in and witness.in.
lock:
	@uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --python-version 3.11 --no-header --quiet -o requirements/lock.txt
	@for name in docs witness; do \
	    uv pip compile requirements/$$name.in --generate-hashes --no-emit-index-url --no-emit-find-links \
	        --python-version 3.11 --no-header --quiet -o requirements/$$name.txt || exit 1; \
	done

$(READY): requirements/lock.txt pyproject.toml tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py $(VENV)

clean:
	@rm -rf $(VENV) .venv-docs .venv-witness .venv-node .rabbitmq site .hedgerow .mypy_cache .ruff_cache .pytest_cache
