# Everything runs from .venv, which is made from uv.lock.
PYTHON ?= $(notdir $(firstword $(foreach known,python3.11 python3.12 python3.13 python3.14,$(shell command -v $(known))) python3.11))
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test docs bench lock clean setup

setup: $(VENV)/.ready

$(VENV)/.ready: uv.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Liaison needs Python 3.11: install the package python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Liaison needs Python's venv module: install the package $(notdir $(PYTHON))-venv"; exit 1; }
	@echo "Setting up .venv (once, about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv==0.13.*' 2>$(VENV)/pip.log || { cat $(VENV)/pip.log; exit 1; }
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv sync --quiet --frozen
	@touch $@

demo: setup
	@$(BIN)/liaison demo

test: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.check

docs: setup
	@$(BIN)/python -m tests.docs

bench: setup
	@$(BIN)/python -m tests.benchmarks.followed
	@$(BIN)/python -m tests.benchmarks.finish

lock:
	$(BIN)/uv lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
