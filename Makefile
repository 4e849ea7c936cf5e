# `make demo` and `make test` need only Python 3.11 or newer, make and the package registry; they prepare the rest.
PYTHON ?=
RUN := .venv/bin/python
export PYTHON MAKECMDGOALS ISSUE ONCE SEEDS

.DEFAULT_GOAL := help
.PHONY: help demo run invite test test-all soak check bench format pictures lock clean environment environment-dev

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

environment:
	@sh scripts/environment.sh requirements.lock

environment-dev:
	@sh scripts/environment.sh requirements-dev.lock

demo: environment ## a Discord of your own with the bot in it (ISSUE=path, ONCE=1)
	@$(RUN) -m sandbox demo $${ISSUE:+--issue "$$ISSUE"} $${ONCE:+--once}

run: environment ## the bot on the real Discord, with the settings of .env
	@$(RUN) -m bot run

invite: environment ## print the address that brings the bot to a server
	@$(RUN) -m bot invite

test: environment-dev ## the tests, in a few minutes
	@$(RUN) -m pytest -n 2 -m "not journey"

test-all: environment-dev ## the tests and the long journeys
	@$(RUN) -m pytest -n 2

check: environment-dev ## format, lint, types, imports: what CI runs before the tests
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(RUN) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

soak: environment-dev ## kill the bot hundreds of times, SEEDS=200; prints where it fell
	@$(RUN) -m tests.journeys.soak $${SEEDS:-200}

bench: environment-dev ## the benchmarks, one JSON line each
	@for file in benchmarks/*.py; do case $$file in */_*) ;; *) $(RUN) $$file || exit 1 ;; esac; done

format: environment-dev ## let ruff format and mend
	@$(RUN) -m ruff check --fix-only --quiet .
	@$(RUN) -m ruff format --quiet .

pictures: environment-dev ## draw the README's picture anew
	@$(RUN) scripts/picture.py

lock: ## write the lock files anew (needs uv)
	@sh scripts/lock.sh

clean: ## remove what was made here, except data/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
