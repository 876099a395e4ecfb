#!/usr/bin/env bash
# Experiment 14: does a model transfer to a genre, forum, actor or year that it has not seen?
# Usage: experiments/014_transfer/run.sh   (five to seven hours on two cores, three and more of them the encoder's,
# two SetFit's)
set -euo pipefail
here=experiments/014_transfer
cd "$(dirname "$0")/../.."
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS=2
communique train -m experiment=transfer
communique train -m experiment=transfer split=leave_one_group_out split.column=forum,actor,year
communique train experiment=transfer split=leave_one_group_out model=transformer
few=(study=transfer_setfit model=setfit model.max_steps=40 split.train_share=0.1 threads=1)
OMP_NUM_THREADS=1 communique train -m experiment=transfer "${few[@]}" split=leave_one_group_out split.column=genre,year &
OMP_NUM_THREADS=1 communique train -m experiment=transfer "${few[@]}" split=leave_one_group_out split.column=forum,actor
OMP_NUM_THREADS=1 communique train experiment=transfer "${few[@]}" split=kfold
wait
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
python experiments/collect.py transfer_setfit "$here/setfit.json"
python "$here/by_group.py" transfer_setfit "$here/setfit_groups.csv"
communique compare --study transfer_setfit --reference "setfit (split=GroupedKFold), 10% of training" \
  --out reports/transfer_setfit.html --no-behave
cp reports/transfer_setfit.csv "$here/setfit_leaderboard.csv"
