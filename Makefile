# `make` alone shows what there is.
PYTHON ?= python3
PORT ?= 5000
SCALE ?= laptop
ARGS ?=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install train ablation unfreeze-depth backbones augmentation ui test slow bench lint lock

help:  ## shows this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 16

install: .venv/installed  ## makes the environment in .venv from the lock file

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("error: Python " + sys.version.split()[0] \
		+ ": expected 3.11, 3.12 or 3.13; give make PYTHON=python3.11")'
	@echo "making the environment in .venv (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

train: install  ## trains; make train ARGS="backbone=efficientnetv2l" passes overrides on
	@$(BIN)/python -m bloodcells.train $(ARGS)

ablation: install  ## the report's steps, one by one; ARGS="data=npz data.path=cells.npz", SCALE=report for a GPU
	@$(BIN)/python -m bloodcells.train --multirun 'experiment=glob(ablation/*)' seed=0,1,2 scale=$(SCALE) $(ARGS)
	@$(BIN)/python -m bloodcells.report study=ablation

unfreeze-depth: install  ## how deep to unfreeze; ARGS and SCALE likewise
backbones: install  ## three backbones with the same settings
augmentation: install  ## seven augmentations
unfreeze-depth backbones augmentation:
	@$(BIN)/python -m bloodcells.train --multirun experiment=$(subst -,_,$@) scale=$(SCALE) $(ARGS)
	@$(BIN)/python -m bloodcells.report study=$(subst -,_,$@)

ui: install  ## MLflow's pages on the runs, at http://127.0.0.1:5000 (PORT=...)
	@$(BIN)/mlflow ui --host 127.0.0.1 --port $(PORT) --backend-store-uri sqlite:///mlruns/mlflow.db

test: install  ## the tests; make test ARGS="-k clean" passes options on
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal $(ARGS)

slow: install  ## the tests with big backbones, and with CELLS=cells.npz those on the report's archive
	@CELLS=$(abspath $(CELLS)) $(BIN)/python -m pytest -m slow $(ARGS)

bench: install  ## measures speed, compared with plain Keras and keras-cv; make bench ARGS="--parts startup"
	@$(BIN)/python -m experiments.benchmark $(ARGS)

lint: install  ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

lock: install  ## pins the newest packages that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --all-extras --no-header \
		pyproject.toml -o requirements.lock
