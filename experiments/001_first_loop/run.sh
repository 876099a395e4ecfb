#!/usr/bin/env bash
# Experiment 1: the four kinds and the champion, on our test part and on real sentences.
# Usage: experiments/001_first_loop/run.sh REAL.jsonl   (labelled real sentences: id, document, text, labels)
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS=2
communique train -m experiment=headline "+data.measure.real=$real" study=first-loop
communique train experiment=champion "+data.measure.real=$real" study=first-loop name=champion
for part in test real; do
  communique compare --study first-loop --part "$part" --out "reports/first-loop-$part.html"
done
python experiments/collect.py first-loop experiments/001_first_loop/results.json
