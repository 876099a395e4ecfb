#!/usr/bin/env bash
# Experiment 15: does an archive without labels make one encoder as good as the average that taught it?
# Usage: experiments/015_adapt/run.sh ARCHIVE.jsonl.gz REAL.jsonl [EXCLUDED.jsonl.gz]   (after make champion; 40 to 60 minutes)
set -euo pipefail
cd "$(dirname "$0")/../.."
archive=${1:?give a file of your own documents} real=${2:?give a JSONL of labelled real sentences}
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS=2
communique adapt --model communique@champion --corpus "$archive" --id-column id ${3:+--exclude "$3"} --leave-out \
  --limit 5000 --measure "real=$real" --out reports/adapted --force
python experiments/collect.py adapt experiments/015_adapt/results.json
