# Every target works from a bare checkout: Python 3.11 or newer, make and a package registry.
PORT ?= 8000
PYTHON = .venv/bin/python
PYTEST = $(PYTHON) -m pytest
export PORT

.PHONY: run test test-fast test-long check format bench requirements

run:
	@sh scripts/install requirements.txt
	@exec $(PYTHON) manage.py run --port $(PORT)

test:
	@sh scripts/install requirements-test.txt
	@$(PYTHON) scripts/chromium.py
	@$(PYTHON) scripts/node.py
	@$(PYTHON) scripts/check.py
	$(PYTEST) -n 2

test-fast:
	@sh scripts/install requirements-test.txt
	$(PYTEST) -n 2 -m "not browser and not slow and not long"

test-long:
	@sh scripts/install requirements-test.txt
	@$(PYTHON) scripts/chromium.py
	@$(PYTHON) scripts/node.py
	@sh scripts/install requirements-sdk.txt .venv-sdk
	$(PYTEST) -m long

check:
	@sh scripts/install requirements-test.txt
	@$(PYTHON) scripts/check.py

format:
	@sh scripts/install requirements-test.txt
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	find templates -name '*.html' -exec .venv/bin/djade --target-version 5.2 {} +

bench:
	@sh scripts/install requirements-test.txt
	@exec $(PYTHON) -m bench

# Pin anew what pyproject.toml asks for. The files record neither a registry's address nor a path.
requirements:
	@sh scripts/install requirements-test.txt
	@sh scripts/pin
