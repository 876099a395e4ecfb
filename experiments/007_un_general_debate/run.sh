#!/usr/bin/env bash
# Experiment 7: stances in the UN General Debate, 1990 to 2024, by five-year period, corrected by 600 labelled sentences.
# Usage: experiments/007_un_general_debate/run.sh CORPUS.jsonl.gz [FOLDER]
#
# CORPUS.jsonl.gz: the UN General Debate Corpus (Baturo, Dasandi & Mikhaylov 2017, doi:10.7910/DVN/0TJX8Y, CC0), one
# speech a line as {"id": "AFG_45_1990", "year": 1990, "text": "..."}, ids as its files are named, sessions 45 to 79.
# FOLDER holds the scored sentences and their texts (default: runs/007). Interrupted, the same command goes on.
# MODEL=... scores with another model than the packaged one, into a FOLDER of its own.
set -euo pipefail
corpus=$(realpath "${1:?give the UN General Debate as gzipped JSON Lines: id, year, text}")
cd "$(dirname "$0")/../.."
here=experiments/007_un_general_debate
work=${2:-runs/007}
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}
mkdir -p "$work"
[ -s "$work/speeches.jsonl" ] || python $here/prepare.py speeches "$corpus" "$work/speeches.jsonl"
[ -s "$work/scored.parquet" ] ||
  communique score "$work/speeches.jsonl" --id-column id --model "${MODEL:-packaged}" --out "$work/scored.parquet"
python $here/prepare.py labels "$work/scored.parquet" "$work/labels.csv"
communique prevalence "$work/scored.parquet" --labelled "$work/labels.csv" --by period --count-reprints \
  --out "$work/prevalence.json"
python $here/figure.py "$work"
