#!/usr/bin/env bash
# Experiment 2: what more sentences buy. Shares of the training documents, three seeds, per model.
# Usage: experiments/002_corpus_size/run.sh REAL.jsonl [models]   e.g. … real.jsonl tfidf,embedding
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
models=${2:-tfidf,embedding,transformer}
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS=2
communique train -m model="$models" split.train_share=0.1,0.25,0.5,1.0 seed=0,1,2 \
  "+data.measure.real=$real" study=corpus-size
python experiments/collect.py corpus-size experiments/002_corpus_size/results.json
python experiments/learning_curve.py corpus-size real experiments/002_corpus_size/curve.svg   # with the oracle's thresholds
