# Every target uses .venv, which is created from uv.lock.
PYTHON ?= $(notdir $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14,$(shell command -v $(name))) python3.11))
VENV := .venv
BIN := $(VENV)/bin
# Without bytecode on disk, every process compiles all of its modules anew, which takes longer than the rest of its start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-slow torture coverage docs pictures bench bench-peers lock clean setup

setup: $(VENV)/.ready

$(VENV)/.ready: uv.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Liaison needs Python 3.11. Install the python3.11 package."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Liaison needs Python's venv module. Install the $(notdir $(PYTHON))-venv package."; exit 1; }
	@echo "Creating .venv, which takes about a minute the first time ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv==0.13.*' 2>$(VENV)/pip.log || { cat $(VENV)/pip.log; exit 1; }
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv sync --quiet --frozen
	@touch $@

demo: setup
	@$(BIN)/liaison demo

test: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.check

# The tests that take long: kills at every commit of every verb, a short torture, and the Dockerfile's steps.
test-slow: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.check --slow

# Three minutes in which everything goes wrong at random. TORTURE="--seed 7 --seconds 600" are its arguments.
torture: setup
	@$(BIN)/python -m tests.torture $(TORTURE)

coverage: setup
	@$(BIN)/python -m pytest -n 2 --cov --cov-report=term:skip-covered

docs: setup
	@$(BIN)/python -m tests.docs

# What people see, drawn into docs/pictures. Needs Node and Chromium (Debian's nodejs, npm and chromium packages).
pictures: setup
	@cd tests/pictures && npm ci --ignore-scripts --no-audit --no-fund --silent
	@$(BIN)/python -m tests.pictures

# The last line compares Liaison's CPU time with that of a tuned bolt bot. BENCH="--rounds 1 --plain" are its arguments.
bench: setup
	@$(BIN)/python -m tests.benchmarks.followed
	@$(BIN)/python -m tests.benchmarks.outbox
	@$(BIN)/python -m tests.benchmarks.history
	@$(BIN)/python -m tests.benchmarks.commits
	@$(BIN)/python -m tests.benchmarks.runbooks
	@$(BIN)/python -m tests.benchmarks.replicas
	@$(BIN)/python -m tests.benchmarks.commands $(BENCH)

# What else make bench compares, where npm and PyPI are reached: bolt-js and Hubot (needs Node), and Errbot.
PEERS := $(VENV)-peers

bench-peers: setup
	@cd tests/benchmarks/peers && npm ci --ignore-scripts --no-audit --no-fund --silent
	@test -x $(PEERS)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(PEERS)
	@VIRTUAL_ENV=$(PEERS) $(BIN)/uv pip sync --quiet tests/benchmarks/peers/errbot/requirements.txt

lock:
	$(BIN)/uv lock

clean:
	rm -rf $(VENV) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
