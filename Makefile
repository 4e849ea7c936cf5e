# `make demo` and `make test` need only Python 3.11 or newer, make and the package registry; they prepare the rest.
PYTHON ?=
RUN := .venv/bin/python
# One more than there are cores: tests wait for each other's processes, too.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)
export PYTHON MAKECMDGOALS ISSUE ONCE PORT ALLOW_HOST HISTORIES FIRST SHUFFLE

.DEFAULT_GOAL := help
.PHONY: help demo run invite test test-all test-browser soak mutants check bench format pictures lock clean environment environment-dev

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

environment:
	@sh scripts/environment.sh requirements.lock

environment-dev:
	@sh scripts/environment.sh requirements-dev.lock

demo: environment ## a Discord of your own in the browser, with the bot in it (ISSUE=path, PORT=8765 if free, ONCE=1, ALLOW_HOST=name)
	@$(RUN) -m sandbox demo $${ISSUE:+--issue "$$ISSUE"} $${PORT:+--port "$$PORT"} \
		$${ALLOW_HOST:+--allow-host "$$ALLOW_HOST"} $${ONCE:+--once}

run: environment ## the bot on the real Discord, with the settings of .env
	@$(RUN) -m bot run

invite: environment ## print the address that brings the bot to a server
	@$(RUN) -m bot invite

test: environment-dev ## each test once, on SQLite where either will do, without the long journeys and the browser (SHUFFLE=7: in another order)
	@$(RUN) -m pytest -n $(WORKERS) --dist worksteal -m "not journey and not browser and not again"

test-all: environment-dev ## the tests on SQLite and PostgreSQL, the long journeys, and the page in a browser
	@$(RUN) -m pytest -n $(WORKERS) --dist worksteal

test-browser: environment-dev ## the demo's page in a real Chromium, if there is one
	@$(RUN) -m pytest -n 2 -m browser

check: environment-dev ## format, lint, types, imports: what CI runs before the tests
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(RUN) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

soak: environment-dev ## hundreds of histories in which things go wrong, each judged (HISTORIES=200, FIRST=1000: a seed)
	@$(RUN) -m tests.history.soak $${HISTORIES:-200} $${FIRST:+--first "$$FIRST"}

mutants: environment-dev ## mistakes put into a copy of the bot, one by one: which invariant catches each (HISTORIES=50)
	@$(RUN) -m tests.history.mutants $${HISTORIES:+--histories "$$HISTORIES"}

bench: environment-dev ## the benchmarks, one JSON line each
	@for file in benchmarks/*.py; do case $$file in */_*) ;; *) $(RUN) $$file || exit 1 ;; esac; done

format: environment-dev ## let ruff format and mend
	@$(RUN) -m ruff check --fix-only --quiet .
	@$(RUN) -m ruff format --quiet .

pictures: environment-dev ## take the README's pictures anew, by the tests of the page
	@PICTURES=docs/pictures $(RUN) -m pytest -n 2 -m browser tests/browser/test_journeys.py

lock: ## write the lock files anew (needs uv)
	@sh scripts/lock.sh

clean: ## remove what was made here, except data/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
