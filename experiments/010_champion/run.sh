#!/usr/bin/env bash
# Experiment 10: the champion on corpus 1.1 and its members, on our test part and on real sentences.
# Usage: experiments/010_champion/run.sh REAL.jsonl   (labelled real sentences: id, document, text, labels)
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
make champion
.venv/bin/python experiments/measure.py "$real" experiments/010_champion/results.json study champion
