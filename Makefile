# Everything needs only python3 (3.11 or newer) and make; see README.md.
PYTHON ?= python3
BOOTSTRAP = @$(PYTHON) phpsupport/bootstrap.py

.PHONY: help run test lint bench races typing reset manage lock

help:
	@echo "make run     the application with its demo program (PORT=8000)"
	@echo "make test    every test, browser journeys included (ARGS='-k attendance')"
	@echo "make lint    style, types, templates, import contract, migrations, deploy check"
	@echo "make bench   how fast, as ratios within one run"
	@echo "make races   a thousand races of saving, signing and cosigning (RACES=1000)"
	@echo "make typing  200 people type notes and are cut off in every way (TYPING_SEED=1)"
	@echo "make reset   forget the demo's data; the next make run loads it anew"
	@echo "make manage  Django's commands on the demo (ARGS='shell')"
	@echo "make lock    write requirements*.txt from pyproject.toml (UPGRADE=1 for newer versions)"

run:
	$(BOOTSTRAP) run

test:
	$(BOOTSTRAP) test $(ARGS)

lint:
	$(BOOTSTRAP) lint

bench:
	$(BOOTSTRAP) bench $(ARGS)

races:
	$(BOOTSTRAP) races $(ARGS)

typing:
	$(BOOTSTRAP) typing $(ARGS)

reset:
	$(BOOTSTRAP) reset

manage:
	$(BOOTSTRAP) manage $(ARGS)

lock:
	@UPGRADE=$(UPGRADE) $(PYTHON) phpsupport/bootstrap.py lock
