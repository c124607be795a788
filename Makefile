# Two commands do all the set-up themselves: `make demo` and `make test`.
# What cannot be set up is named and ends the script with exit code 4 (which make reports as its own 2).
.DEFAULT_GOAL := help
.PHONY: help demo test check clean

PYTEST_ARGS ?=

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

demo: ## set up, run the factory on the sample repository, grade one task
	@scripts/demo.sh

test: ## set up, then every check and every test, those in Docker included
	@scripts/test.sh $(PYTEST_ARGS)

check: ## lint, types and import contracts
	@scripts/test.sh --lint-only

clean: ## remove what demo and tests wrote here (the engine's images: envfactory clean)
	rm -rf .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
