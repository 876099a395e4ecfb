#!/usr/bin/env bash
# Experiment 11: every kind over several seeds, on our test part and on real sentences, beside the champion.
# Usage: experiments/011_study/run.sh REAL.jsonl OUT_FOLDER   (interrupted, it goes on where it stopped)
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
out=${2:?name the folder for the figures; those of corpus 1.1 are in experiments/011_study}
make champion study REAL="$real"
for part in test real; do
  .venv/bin/communique compare --study study --study champion --part "$part" --reference tfidf --no-behave \
    --out "reports/$part.html"
  cp "reports/$part.csv" "$out/$part.csv"
done
.venv/bin/python experiments/collect.py study "$out/results.json"
