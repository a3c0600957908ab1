# `make` without a target lists the targets.
PYTHON ?= python3
PORT ?= 5000
RUN ?= best
SCALE ?= laptop
ARGS ?=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install train ablation unfreeze-depth backbones augmentation ui server serve test slow bench lint lock

help:  ## lists the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 16

install: .venv/installed  ## creates the environment in .venv from the lock file

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("error: Python " + sys.version.split()[0] \
		+ ": expected 3.11, 3.12 or 3.13; run make PYTHON=python3.11")'
	@echo "creating the environment in .venv (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

train: install  ## trains one model; overrides: make train ARGS="backbone=efficientnetv2l"
	@$(BIN)/python -m bloodcells.train $(ARGS)

ablation: install  ## study: the course report's steps; ARGS="data=npz data.path=cells.npz", on a GPU also SCALE=report
	@$(BIN)/python -m bloodcells.train --multirun 'experiment=glob(ablation/*)' seed=0,1,2 scale=$(SCALE) $(ARGS)
	@$(BIN)/python -m bloodcells.report study=ablation

unfreeze-depth: install  ## study: how many layers to unfreeze; same ARGS and SCALE
backbones: install  ## study: three backbones with the same settings; same ARGS and SCALE
augmentation: install  ## study: eight augmentations; same ARGS and SCALE
unfreeze-depth backbones augmentation:
	@$(BIN)/python -m bloodcells.train --multirun experiment=$(subst -,_,$@) scale=$(SCALE) $(ARGS)
	@$(BIN)/python -m bloodcells.report study=$(subst -,_,$@)

ui: install  ## serves MLflow's pages about the runs at http://127.0.0.1:5000; another port: PORT=...
	@$(BIN)/python -m bloodcells.tracking.database  # in case mlruns was moved
	@MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow ui --workers 1 --host 127.0.0.1 \
		--port $(PORT) --backend-store-uri sqlite:///mlruns/mlflow.db

server: install  ## serves a tracking server on PostgreSQL at http://127.0.0.1:5000, for trying; another port: PORT=...
	@$(BIN)/python -m bloodcells.tracking.try_server $(PORT)

serve: install  ## serves a model at http://127.0.0.1:5001: make serve RUN=b2d4f0cf ARGS="port=5002"
	@$(BIN)/python -m bloodcells.serve run_id=$(RUN) $(ARGS)

test: install  ## runs the tests; pytest options: make test ARGS="-k clean"
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile $(ARGS)

slow: install  ## runs the slow tests: large backbones, random kills, two devices; with CELLS=cells.npz also real cells
	@CELLS=$(abspath $(CELLS)) $(BIN)/python -m pytest -m slow $(ARGS)

bench: install  ## measures speed, compared with plain Keras and keras-cv; make bench ARGS="--parts startup"
	@$(BIN)/python -m experiments.benchmark $(ARGS)

lint: install  ## checks formatting, style and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

lock: install  ## updates requirements.lock to the newest packages that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --all-extras --no-header \
		pyproject.toml -o requirements.lock
