# Every target sets up what it needs by itself. `make help` lists them.

SHELL := /bin/sh
BIN := .venv/bin
DATA ?= .play

.DEFAULT_GOAL := help
.PHONY: help demo run test lint format bench bench-api build clean setup

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## register a device, place two calls with audio, print what happened
	@tools/setup.sh run
	@$(BIN)/trunkline demo $(ARGS)

run: ## a server to play with; its data stays in DATA (default .play)
	@tools/setup.sh run
	@$(BIN)/trunkline --data "$(DATA)" serve $(ARGS)

test: ## unit tests on interpreted and compiled code, then everything on real sockets
	@tools/setup.sh test
	@tools/test.sh $(ARGS)

lint: ## ruff, mypy strict, and the layers
	@tools/setup.sh lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: ## bring the code into the one format that lint checks
	@tools/setup.sh lint
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: ## measure Trunkline beside others and write docs/benchmarks.md
	@tools/setup.sh bench
	@$(BIN)/python -m bench $(ARGS)

bench-api: ## measure the APIs and the dashboard, and what calls feel of them, and write docs/benchmarks-api.md
	@tools/setup.sh test
	@$(BIN)/python -m bench.api $(ARGS)

build: ## a wheel with compiled hot modules in dist/
	@tools/setup.sh build
	@TRUNKLINE_COMPILE=1 $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls -l dist

setup: ## the virtual environment and the parts that the tests need
	@tools/setup.sh test

clean: ## remove what was built; keeps .venv and .play
	@rm -rf build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
