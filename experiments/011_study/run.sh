#!/usr/bin/env bash
# Experiment 11: every kind over several seeds, on our test part and on real sentences, beside the champion.
# Usage: experiments/011_study/run.sh REAL.jsonl   (interrupted, it goes on where it stopped)
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
here=experiments/011_study
make study champion REAL="$real"
for part in test real; do
  .venv/bin/communique compare --study study --study champion --part "$part" --reference tfidf --no-behave \
    --out "reports/$part.html"
  cp "reports/$part.csv" "$here/$part.csv"
done
.venv/bin/python experiments/collect.py study "$here/results.json"
.venv/bin/python experiments/readme_table.py "$here/test.csv" "$here/real.csv"
