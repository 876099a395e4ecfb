#!/usr/bin/env bash
# Experiment 16: the study and the champion made again on corpus 1.2, on our test part and on real sentences.
# Usage: experiments/016_corpus_1_2/run.sh REAL.jsonl   (interrupted, it goes on where it stopped)
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
here=experiments/016_corpus_1_2
make champion study REAL="$real"
for part in test real; do
  .venv/bin/communique compare --study study --study champion --part "$part" --reference tfidf --no-behave \
    --out "reports/$part.html"
  cp "reports/$part.csv" "$here/$part.csv"
done
.venv/bin/python experiments/collect.py study "$here/results.json"
.venv/bin/python experiments/readme_table.py "$here/test.csv" "$here/real.csv"
.venv/bin/communique behave --out reports/behaviour.html
cp reports/behaviour.csv "$here/behaviour.csv"
