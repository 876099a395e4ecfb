#!/usr/bin/env bash
# Experiment 17: the models of the study and the champion on real sentences that nothing was chosen by.
# Usage: experiments/017_fresh_real/run.sh CORPUS.jsonl.gz   (after 016; the sentences and their documents: id, document, text)
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=${1:?give the gzipped JSON Lines of real sentences}
here=experiments/017_fresh_real
mkdir -p reports
.venv/bin/python "$here/sentences.py" labels "$corpus" reports/fresh.jsonl
.venv/bin/python experiments/measure.py reports/fresh.jsonl "$here/results.json" study champion
files=()
for file in reports/predictions/fresh/*.parquet; do files+=(--predictions "$file"); done
.venv/bin/communique compare "${files[@]}" --reference tfidf --no-behave --out reports/fresh.html
cp reports/fresh.csv "$here/leaderboard.csv"
.venv/bin/python experiments/readme_table.py experiments/016_corpus_1_2/{test,real}.csv "$here/leaderboard.csv"
