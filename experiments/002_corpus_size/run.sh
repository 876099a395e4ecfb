#!/usr/bin/env bash
# Experiment 2: what more sentences buy. Shares of the training documents, three seeds, three models.
# Usage: experiments/002_corpus_size/run.sh REAL.jsonl
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS=2
communique train -m experiment=study model=tfidf,embedding,transformer seed=0,1,2 "+data.measure.real=$real"
communique train -m experiment=corpus_size "+data.measure.real=$real"
python experiments/collect.py study experiments/002_corpus_size/results.json
python experiments/learning_curve.py study real experiments/002_corpus_size/curve.svg   # with the oracle's thresholds
