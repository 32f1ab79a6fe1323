# Everything here sets itself up: it needs make and Python 3.11 to 3.13, nothing else.
# Recipes are single commands begun with exec, so that a SIGTERM for make reaches the program itself.

PYTHON ?= python3
SETTINGS := DJANGO_SETTINGS_MODULE=smmpanel.settings
RUN_WITH := $(PYTHON) -m smmpanel.embedded.install requirements.txt --
DEV_WITH := $(PYTHON) -m smmpanel.embedded.install requirements-dev.txt --
SERVICES := python -m smmpanel.embedded exec --throwaway --
TESTS ?= tests
ORDERS ?= 10000
CLIENTS ?= 32
KILLS ?= 50
SIDE_BY_SIDE := -p tests.own_redis --numprocesses auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench chaos nightly

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: ## the whole panel with demo data, until Ctrl-C (PORT=8000 SIMULATOR_PORT=8001 DEMO=1)
	@exec $(RUN_WITH) python -m smmpanel.embedded up

test: ## every test that is not nightly, on a Postgres and Redis of its own (TESTS=tests/rules for a part)
	@exec env $(SETTINGS) $(DEV_WITH) $(SERVICES) python -m pytest $(SIDE_BY_SIDE) -m "not nightly" --durations=15 $(TESTS)

check: ## format, lint, rules, import contracts, types, migrations, deployment settings
	@exec env $(SETTINGS) $(DEV_WITH) .ci/check

fmt: ## format the code and mend what the linter can mend
	@exec $(DEV_WITH) sh -c 'ruff format . && ruff check --fix .'

bench: ## goals of docs as ratios measured in one run; also var/bench.json
	@exec env $(SETTINGS) $(DEV_WITH) $(SERVICES) python -m tests.bench

chaos: ## kill everything at random while programs order, and count; also var/chaos.json (ORDERS=10000 CLIENTS=32 KILLS=50)
	@exec env $(SETTINGS) $(DEV_WITH) $(SERVICES) python -m tests.chaos --orders $(ORDERS) --clients $(CLIENTS) --kills $(KILLS)

nightly: ## the long tests
	@exec env $(SETTINGS) $(DEV_WITH) $(SERVICES) python -m pytest -m nightly
