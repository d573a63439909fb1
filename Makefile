# Every target installs what it needs first (scripts/bootstrap); a second run costs milliseconds.

BIN := .venv/bin
ARGS ?=
N ?= 200

.DEFAULT_GOAL := help
.PHONY: help install run test check fmt fmt-check lint types imports render docs-fresh bench crash interop clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## Make .venv with everything that uv.lock names
	@scripts/bootstrap

run: install ## Start the gateway with demo people and send the first messages (ARGS="--port 9000")
	@$(BIN)/heliograph demo --data .local/demo $(ARGS)

test: install ## Run the tests (ARGS="tests/core -q" for a part)
	@$(BIN)/python -m pytest $(ARGS)

check: install fmt-check lint types imports docs-fresh ## Everything that is quick: format, lint, types, imports, docs, tests
	@$(BIN)/python -m pytest -q -m "not slow" $(ARGS)

fmt: install ## Format the code and mend what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

fmt-check: install
	@$(BIN)/ruff format --check .

lint: install ## Lint
	@$(BIN)/ruff check .

types: install ## Check the types, strictly
	@$(BIN)/mypy
	@$(BIN)/mypy scripts

imports: install ## Check the import contract (.importlinter)
	@$(BIN)/lint-imports

render: install ## Write the parts of the docs that come from the code
	@$(BIN)/python scripts/render.py

docs-fresh: install
	@$(BIN)/python scripts/render.py --check

bench: install ## Measure durable accepts a second over HTTP (needs wrk)
	@$(BIN)/python bench/accept.py $(ARGS)

crash: install ## Kill the gateway under load N times and count what was lost (N=200)
	@HELIOGRAPH_CRASH_ROUNDS=$(N) $(BIN)/python -m pytest tests/crash -s $(ARGS)

interop: install ## Install SOAP clients in other languages and let each send to a gateway
	@scripts/interop
	@$(BIN)/python -m pytest tests/interop $(ARGS)

clean: ## Remove .venv, caches and the demo's data
	rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
