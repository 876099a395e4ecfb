#!/usr/bin/env bash
# Experiment 1: the four kinds and the champion, on our test part and on real sentences.
# Usage: experiments/001_first_loop/run.sh REAL.jsonl   (labelled real sentences: id, document, text, labels)
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
make run champion
.venv/bin/python experiments/measure.py "$real" experiments/001_first_loop/results.json headline champion
