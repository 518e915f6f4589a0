# Every target does the set-up that it needs: `make demo` and `make test` are all one has to know.
PYTHON ?= python3
BIN := .venv/bin
MEMBERS := libs/contracts libs/chassis libs/verify services/proposals services/ballots services/ratings services/notifications deploy $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))

.PHONY: help setup demo test test-fast lint types bench chaos fuzz audit lock docs clean

help:
	@echo 'make demo       a town through its year, in one process, nothing else needed'
	@echo 'make test       every test, against real RabbitMQ and PostgreSQL (installed from Debian if missing)'
	@echo 'make test-fast  the quick tests, which need no server'
	@echo 'make lint       ruff, mypy, import-linter, and whether all is pinned'
	@echo 'make bench      the measurements, with their baselines: half an hour'
	@echo 'make chaos      a region under load suffers faults, and loses nothing: FAULTS=200 SEED=7 for a long run'
	@echo 'make fuzz       every operation of the OpenAPI documents, called at length: EXAMPLES=500 SEED=7'
	@echo 'make audit      asks OSV whether a dependency is known to be vulnerable (needs the network)'
	@echo 'make setup      makes .venv; the command is then .venv/bin/piaojue'
	@echo 'make docs       writes the generated pages under docs/ again'
	@echo 'make lock       resolves the dependencies again into requirements.lock'

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml $(addsuffix /pyproject.toml,$(MEMBERS)) deploy/setup.sh
	PYTHON='$(PYTHON)' sh deploy/setup.sh $(MEMBERS)
	@touch $@

demo: setup
	$(BIN)/piaojue demo

test: setup
	$(BIN)/python -m tests.support.install
	$(BIN)/pytest

test-fast: setup
	$(BIN)/pytest -m 'not real and not slow'

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/python -m tests.support.pins

bench: setup
	$(BIN)/python -m tests.support.install
	$(BIN)/python -m tests.bench

chaos: setup
	$(BIN)/python -m tests.support.install
	$(BIN)/python -W ignore -m tests.chaos $(if $(FAULTS),--faults $(FAULTS)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only '$(ONLY)')

fuzz: setup
	FUZZ_EXAMPLES=$(or $(EXAMPLES),200) FUZZ_SEED=$(or $(SEED),1) $(BIN)/pytest --timeout 3600 tests/hostile/test_calls.py

audit: setup
	$(BIN)/python -m tests.support.audit

docs: setup
	$(BIN)/python -m tests.support.generate

lock: setup
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --group dev --extra pdf --extra tracing \
	  $(addprefix --no-emit-package piaojue-,contracts chassis verify proposals ballots ratings notifications) \
	  -o requirements.lock pyproject.toml $(addsuffix /pyproject.toml,$(MEMBERS))
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --group build --extra pdf --extra tracing \
	  $(addprefix --no-emit-package piaojue-,contracts chassis verify proposals ballots ratings notifications) \
	  -c requirements.lock -o deploy/requirements.lock \
	  pyproject.toml $(addsuffix /pyproject.toml,libs/contracts libs/chassis libs/verify services/proposals services/ballots services/ratings services/notifications deploy)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
