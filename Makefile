# Everything runs in .venv, built from constraints.txt; nothing outside this folder is changed
# (but tests/browser/install.sh, which `make test` runs, gets Debian's chromium when root may).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BASE   := $(VENV)/.base-is-installed
DEV    := $(VENV)/.dev-is-installed
# The neural networks' 1.5 GB live beside the rest: everything else is tested without them.
NETS   := $(VENV)-models
NEURAL := $(NETS)/.models-are-installed
PURELIB := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
PIP_AS := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
          PIP_DISABLE_PIP_VERSION_CHECK=1
PIP     = $(PIP_AS) $(BIN)/python -m pip install --quiet $(COMPILE)
# What is installed for the tests is compiled when it is first used: most of it never is. Each module
# is compiled once, not by every process that a test starts.
test: COMPILE := --no-compile
unexport PYTHONDONTWRITEBYTECODE
SOURCE := app tracking llm_query storage assets tests
DEMO   ?= demo
# A file's tests share a process, the longest files first (tests/conftest.py); SPREAD= runs all in one.
SPREAD ?= -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: help install dev demo ui check lint test bench docs format lock clean browser models \
        test-browser test-networks

help:
	@echo "make demo     install, render a scene with known truth, track it, ask, score"
	@echo "make ui       install, then open ./study in a browser"
	@echo "make check    format, lint, types, import rules, quick tests"
	@echo "make test     all of check, and every test, browser and neural networks included"
	@echo "make models   install the neural networks (1.5 GB) into .venv too, for make ui"
	@echo "make bench    speed and accuracy on real recordings; trains networks, which takes hours"
	@echo "make docs     write docs/measures.md and docs/formats.md anew"
	@echo "make format   put the code in the project's format"
	@echo "make lock     write constraints.txt anew from the newest versions"
	@echo "make clean    remove .venv and caches"

install: $(BASE)
dev: $(DEV)

define ENVIRONMENT
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "This Python cannot make environments. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV): a minute or two, once."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
endef

$(BASE): pyproject.toml constraints.txt
	$(ENVIRONMENT)
	@$(PIP) -e .
	@touch $@

# trackeval asks for a second OpenCV and for plotting; what the tests compare against needs neither.
$(DEV): pyproject.toml constraints.txt
	$(ENVIRONMENT)
	@$(PIP) -e '.[dev]'
	@$(PIP) --no-deps trackeval
	@touch $(BASE) $@

models: $(BASE)
	@$(PIP) -e '.[models]'

# What the extra asks for, on top of what .venv holds.
$(NEURAL): $(DEV)
	@echo "Installing the neural networks into $(NETS): a minute or two, once."
	@rm -rf $(NETS)
	@$(PYTHON) -m venv --without-pip $(NETS)
	@echo "import site; site.addsitedir('$$($(BIN)/python $(PURELIB))')" \
	  > $$($(NETS)/bin/python $(PURELIB))/base.pth
	@$(PIP_AS) $(NETS)/bin/python -m pip install --quiet --no-compile --no-warn-conflicts $$($(BIN)/python -c 'import tomllib; \
	  asked = tomllib.load(open("pyproject.toml", "rb")); \
	  print(*asked["project"]["optional-dependencies"]["models"])')
	@touch $@

demo: $(BASE)
	$(BIN)/ethoscribe demo $(DEMO)

ui: $(BASE)
	$(BIN)/ethoscribe ui

lint: $(DEV)
	$(BIN)/ruff format --check $(SOURCE)
	$(BIN)/ruff check $(SOURCE)
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(BIN)/python -m pytest $(SPREAD) -m "not browser and not slow" --ignore=tests/networks

browser:
	sh tests/browser/install.sh

# Where make can: what two of its jobs say is not mixed.
TOGETHER := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
NETWORK_TESTS := tests/networks tests/test_appearance.py tests/test_sam.py
REST := --ignore=tests/browser --ignore=tests/networks

# A test in a browser waits half of its time, so what needs one process alone runs beside them.
test: $(DEV)
	@$(MAKE) --no-print-directory -j 2 $(TOGETHER) test-browser test-networks
	$(BIN)/python -m pytest $(SPREAD) -rs $(REST)

test-browser: $(DEV) browser
	$(BIN)/python -m tests.browser.second_chance $(SPREAD) -rs tests/browser

test-networks: lint browser $(NEURAL)
	$(NETS)/bin/python -m pytest -rs $(NETWORK_TESTS)
	@$(BIN)/python -m pytest $(REST) --collect-only > /dev/null  # compiled once, not by each process

bench: $(NEURAL)
	$(BIN)/python -m tests.benchmarks
	$(NETS)/bin/python -m tests.benchmarks networks

docs: $(DEV)
	$(BIN)/python -m llm_query.reference > docs/measures.md
	$(BIN)/python -m tests.round_trips > docs/formats.md

format: $(DEV)
	$(BIN)/ruff format $(SOURCE)
	$(BIN)/ruff check --fix $(SOURCE)

lock:
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet '.[dev,models]' hatchling editables
	$(VENV)-lock/bin/python -m pip install --quiet --no-deps trackeval
	{ head -n 2 constraints.txt; \
	  $(VENV)-lock/bin/python -m pip freeze | grep -v -i -E '^(ethoscribe|torch|nvidia-.*-cu|triton)'; } > constraints.txt.new
	mv constraints.txt.new constraints.txt
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) $(VENV)-lock $(NETS) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dist
	find $(SOURCE) -name __pycache__ -prune -exec rm -rf {} +
