# The developer's and the newcomer's commands. Everything is built into .venv from the lock file;
# a second run finds the stamp and starts at once.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Twice the processors: tests wait for other processes more than they compute.
JOBS   ?= $(shell echo $$(( 2 * $$(getconf _NPROCESSORS_ONLN) )))

# The tests start hundreds of processes: each would compile the product anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint bench soak docs screenshots wheel lock clean

# Without its documentation, where that cannot be built, the system runs all the same.
demo: $(READY)
	-@$(BIN)/python tools/build_docs.py
	@$(BIN)/hedgerow demo

test: $(READY)
	@$(BIN)/python tools/ready_for_tests.py
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not soak"

lint: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(READY)
	@$(BIN)/hedgerow bench

soak: $(READY)
	@$(BIN)/pytest -m soak

# The documents' pictures of the dashboard, anew; needs Chromium.
screenshots: $(READY)
	@PICTURES_FOLDER=docs/pictures $(BIN)/pytest -m soak -s tests/dashboard/test_pictures.py

docs: $(READY)
	@$(BIN)/python tools/build_docs.py

wheel: docs
	@rm -rf dist
	@$(BIN)/python -m hatchling build --target wheel

# Needs uv; writes the lock files anew from pyproject.toml, docs.in and witness.in. What a machine of a deployment
# installs is a part of what is tested, at the same versions.
COMPILE = uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --no-header --quiet
lock:
	@$(COMPILE) pyproject.toml --extra dev -o requirements/lock.txt
	@$(COMPILE) pyproject.toml -c requirements/lock.txt --no-annotate -o requirements/runtime.txt
	@$(BIN)/python tools/agent_requirements.py | $(COMPILE) - -c requirements/lock.txt --no-annotate -o requirements/agent.txt
	@for name in docs witness; do $(COMPILE) requirements/$$name.in -o requirements/$$name.txt || exit 1; done

$(READY): requirements/lock.txt pyproject.toml tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py $(VENV)

clean:
	@rm -rf $(VENV) .venv-docs .venv-witness .venv-node .venv-typescript .rabbitmq dist src/hedgerow/documentation/built .hedgerow .mypy_cache .ruff_cache .pytest_cache
