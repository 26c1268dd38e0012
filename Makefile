# Every target works from a bare checkout: Python 3.11 or newer, make and a package registry.
PORT ?= 8000
PYTHON = .venv/bin/python
PYTEST = $(PYTHON) -m pytest
export PORT

.PHONY: run test test-fast test-long check bench requirements

run:
	@sh scripts/install requirements.txt
	@exec $(PYTHON) manage.py run --port $(PORT)

test: check
	@$(PYTHON) scripts/chromium.py
	$(PYTEST) -n 2

test-fast:
	@sh scripts/install requirements-test.txt
	$(PYTEST) -n 2 -m "not browser and not slow and not long"

test-long:
	@sh scripts/install requirements-test.txt
	@$(PYTHON) scripts/chromium.py
	$(PYTEST) -m long

check:
	@sh scripts/install requirements-test.txt
	@$(PYTHON) scripts/check.py

bench:
	@sh scripts/install requirements-test.txt
	@exec $(PYTHON) manage.py bench

# Pin anew what pyproject.toml asks for. The files record neither a registry's address nor a path.
requirements:
	@sh scripts/install requirements-test.txt
	@sh scripts/pin
