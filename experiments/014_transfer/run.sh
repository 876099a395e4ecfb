#!/usr/bin/env bash
# Experiment 14: does a model transfer to a genre, forum, actor or year that it has not seen?
# Usage: experiments/014_transfer/run.sh   (three to five hours on two cores, nearly all of them the last run's)
set -euo pipefail
here=experiments/014_transfer
cd "$(dirname "$0")/../.."
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS=2
communique train -m experiment=transfer
communique train -m experiment=transfer split=leave_one_group_out split.column=forum,actor,year
communique train experiment=transfer split=leave_one_group_out model=transformer
rm -rf reports/transfer
averages=("three cheap kinds=lexicon,tfidf,embedding" "with the encoder=lexicon,tfidf,embedding,transformer")
python experiments/collect.py transfer "$here/results.json"
python "$here/by_group.py" transfer "$here/groups.csv" "${averages[@]}"
python "$here/average.py" transfer reports/transfer "${averages[@]}"
files=()
for file in reports/transfer/*.parquet; do files+=(--predictions "$file"); done
communique compare --study transfer "${files[@]}" --reference "tfidf (split=GroupedKFold)" \
  --out reports/transfer.html --no-behave
cp reports/transfer.csv "$here/leaderboard.csv"
