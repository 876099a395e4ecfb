#!/usr/bin/env bash
# Experiment 12: what does calibration cost, and buy? Four calibrators, two kinds.
# Usage: experiments/012_calibration/run.sh REAL.jsonl
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS=2
communique train -m study=calibration model=tfidf,embedding decision/calibrator=none,platt,temperature,isotonic \
  "+data.measure.real=$real"
for part in test real; do
  communique compare --study calibration --part "$part" --out "reports/calibration_$part.html" --no-behave
  cp "reports/calibration_$part.csv" "experiments/012_calibration/$part.csv"
done
