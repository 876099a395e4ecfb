# Two commands do everything: `make run` and `make test`. Everything is installed into .venv.
.DEFAULT_GOAL := help
.PHONY: help setup run champion study test lint type pytest data score bench packaged clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
MEASURE = $(if $(REAL),+data.measure.real=$(abspath $(REAL)))
export OMP_NUM_THREADS := 2

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --no-compile halves the time: Python compiles what is used when it is first used
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile -c requirements.lock

$(STAMP): pyproject.toml requirements.lock
	@echo "installing into $(VENV) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) torch==2.13.0
	@$(INSTALL) -e '.[transformers,setfit,nli,onnx,documents,dev]'
	@touch $@

setup: $(STAMP)  ## install everything into .venv

run: setup  ## compare the models, crown the best, score two sample documents
	$(BIN)/communique train -m experiment=headline
	$(BIN)/communique compare --study headline --out reports/headline.html
	$(BIN)/communique champion --study headline
	$(BIN)/communique score data/examples --out reports/example.csv --report reports/example.html
	@printf '%s\n' '' \
	  'The comparison:      reports/headline.html  (and .csv .md .tex beside it)' \
	  'The scored samples:  reports/example.html, reports/example.csv' \
	  'Every run:           $(BIN)/mlflow ui --backend-store-uri sqlite:///mlruns.db' \
	  'Your own documents:  $(BIN)/communique score FOLDER --out scored.csv --report scored.html' \
	  'The best recipe:     make champion  (20 to 40 minutes)'

champion: setup  ## train the best recipe on the whole training split and register it (20 to 40 minutes)
	@$(BIN)/communique train -m experiment=study model=lexicon,tfidf,transformer seed=0 $(MEASURE)
	@$(BIN)/communique train experiment=study model=transformer seed=1 $(MEASURE)
	@$(BIN)/communique train experiment=champion $(MEASURE)
	@$(BIN)/communique champion --study champion --run champion

study: setup  ## the main kinds over several seeds, as a page: reports/study.html (hours; REAL=labelled.jsonl measures that too)
	@$(BIN)/communique train -m experiment=study $(MEASURE)
	@$(BIN)/communique train -m experiment=study model=transformer,setfit seed=0,1,2 $(MEASURE)
	@$(BIN)/communique train -m experiment=study_ensemble $(MEASURE)
	@$(BIN)/communique compare --study study --out reports/study.html
	@$(if $(REAL),$(BIN)/communique compare --study study --part real --out reports/study_real.html)

score: setup  ## score data/examples with the champion: reports/example.html
	@$(BIN)/communique score data/examples --out reports/example.csv --report reports/example.html

# SHALLOW=FOLDER, from `communique distil --layers 3`, is timed too
bench: setup  ## speed, memory and quality of every way to score (REAL=labelled.jsonl CORPUS=documents.jsonl.gz)
	@$(BIN)/python experiments/bench.py $(if $(SHALLOW),--shallow $(SHALLOW)) \
	  $(if $(REAL),--labelled $(REAL)) $(if $(CORPUS),--corpus $(CORPUS))

packaged: setup  ## distil the champion into the small model that ships inside the package
	@$(BIN)/communique distil --teacher communique@champion --out src/communique/models/packaged

data: setup  ## check and summarise the corpus, report leakage
	@$(BIN)/communique data

test: setup lint type pytest  ## lint, types and tests

lint: setup
	@$(BIN)/ruff check src tests
	@$(BIN)/ruff format --check src tests

type: setup
	@$(BIN)/mypy

pytest: setup
	@$(BIN)/pytest -n 2

clean:  ## remove what running made (not .venv)
	rm -rf runs reports mlruns.db* mlartifacts .*.lock src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
