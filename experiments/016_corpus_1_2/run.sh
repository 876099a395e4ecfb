#!/usr/bin/env bash
# Experiment 16: the study and the champion made again on corpus 1.2, and how the champion behaves.
# Usage: experiments/016_corpus_1_2/run.sh REAL.jsonl   (interrupted, it goes on where it stopped)
set -euo pipefail
cd "$(dirname "$0")/../.."
here=experiments/016_corpus_1_2
experiments/011_study/run.sh "${1:?give a JSONL of labelled real sentences}" "$here"
.venv/bin/communique behave --out reports/behaviour.html
cp reports/behaviour.csv "$here/behaviour.csv"
