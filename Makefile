# make run      the product with a demo inside, on http://127.0.0.1:8000 (PORT=... for another)
# make test     all tests, on services of their own        (ARGS="tests/sending -k pause")
# make check    format, lint, types, import contracts, templates, migrations, settings, API schema
# make bench    how fast the send path is                  (ARGS="--json FILE")
# make bench-events, bench-insights, bench-tracking        how fast the way back is
# make bench-all                                           all four, one after the other
# make bench-warmup   sixty days of a new IP through SMTP, counted by the receiver
#
# Needs Python 3.11 or newer and make; PostgreSQL and Valkey come as Python packages.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
EMBEDDED := $(BIN)/python -m config.embedded
ARGS ?=
# With it, every process that a test starts would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

# What pip has installed is remembered by content, so a change of branch installs what it needs.
RUN_FILES := requirements.txt constraints.txt
DEV_FILES := $(RUN_FILES) requirements-dev.txt
BENCH_FILES := $(DEV_FILES) $(wildcard requirements-bench.txt)
stamp = $(VENV)/.installed-$(1)-$(shell cat $(2) 2>/dev/null | cksum | tr ' ' '-')
RUN_STAMP := $(call stamp,run,$(RUN_FILES))
DEV_STAMP := $(call stamp,dev,$(DEV_FILES))
BENCH_STAMP := $(call stamp,bench,$(BENCH_FILES))

.PHONY: run test check bench install format migrations shell clean
.DEFAULT_GOAL := run

run: $(RUN_STAMP)
	@$(EMBEDDED) --keep -- python -m config.launch

test: $(DEV_STAMP)
	@$(EMBEDDED) -- python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

# `make -k check` goes on behind a check that fails.
CHECKS := check-format check-lint check-types check-imports check-templates check-spelling check-django
.PHONY: $(CHECKS) check-django-project
check: $(CHECKS)
$(CHECKS): $(DEV_STAMP)

check-format:
	$(BIN)/ruff format --check .

check-lint:
	$(BIN)/ruff check .

check-types:
	$(BIN)/mypy .

check-imports:
	$(BIN)/lint-imports

check-templates:
	$(BIN)/djlint --lint --quiet templates

check-spelling:
	$(BIN)/typos

# As in a deployment: migrations complete, settings safe, the API's description valid.
check-django:
	@$(EMBEDDED) -- env MAILWRIGHT_HTTPS=1 DEBUG=0 ALLOWED_HOSTS=mailwright.example \
	    MAILWRIGHT_PUBLIC_URL=https://mailwright.example $(MAKE) --no-print-directory check-django-project

check-django-project:
	python manage.py makemigrations --check --dry-run
	python manage.py check --deploy --fail-level WARNING
	python manage.py spectacular --validate --fail-on-warn --file /dev/null

# Debian keeps Postfix's test programs where only root's PATH looks.
bench: export PATH := $(PATH):/usr/sbin:/sbin
bench: $(BENCH_STAMP)
	@command -v smtp-source >/dev/null || { \
	    echo "make bench needs smtp-source and smtp-sink, which come with Postfix: apt-get install postfix" >&2; exit 1; }
	@$(EMBEDDED) --durable -- python -m bench.send $(ARGS)

.PHONY: bench-events bench-insights bench-tracking bench-warmup bench-all
bench-events bench-insights bench-tracking bench-warmup: $(DEV_STAMP)
	@$(EMBEDDED) --durable -- python -m bench.$(@:bench-%=%) $(ARGS)

# FIGURES names a directory for the figures of all of them: make bench-all FIGURES=figures
bench-all:
	@mkdir -p "$(or $(FIGURES),.data/bench)"
	@for what in send events tracking insights; do \
	    target=bench-$$what; [ $$what = send ] && target=bench; echo "== $$what"; \
	    $(MAKE) --no-print-directory $$target ARGS="--json $(abspath $(or $(FIGURES),.data/bench))/$$what.json" || exit 1; \
	done

install: $(DEV_STAMP)

format: $(DEV_STAMP)
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

migrations: $(DEV_STAMP)
	@$(EMBEDDED) -- python manage.py makemigrations $(ARGS)

shell: $(RUN_STAMP)
	@$(EMBEDDED) --keep -- python manage.py shell

# The data under .data/ stays: to start anew, stop `make run` and delete that directory.
clean:
	rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
	find . -name __pycache__ -type d -not -path './.data/*' -prune -exec rm -rf {} +

# uv, itself installed by pip, brings the packages in seconds; where it cannot, pip does.
define install
	@rm -f $(VENV)/.installed-$(1)-*
	@echo "installing packages into $(VENV) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy; \
	$(BIN)/python -m pip install --quiet -c constraints.txt uv \
	    && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $(2) \
	    || $(BIN)/python -m pip install --quiet $(2)
	@touch $@
endef

$(RUN_STAMP): | $(BIN)/python
	$(call install,run,-r requirements.txt)

$(DEV_STAMP): | $(BIN)/python
	$(call install,dev,-r requirements-dev.txt)

$(BENCH_STAMP): | $(BIN)/python
	$(call install,bench,-r requirements-dev.txt $(addprefix -r ,$(wildcard requirements-bench.txt)))

$(BIN)/python:
	@for python in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	    python=; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Mailwright needs Python 3.11 or newer; name one with PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	    echo "$$python has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	rm -rf $(VENV) && "$$python" -m venv $(VENV)
