#!/usr/bin/env bash
# Experiment 4, half an encoder: three layers that learn from the champion, beside the six that it shrinks, n-grams and
# the champion itself. Usage: experiments/004_speed/shallow.sh REAL.jsonl   (after make study champion)
set -euo pipefail
cd "$(dirname "$0")/../.."
real=${1:?give a JSONL of labelled real sentences}
here=experiments/004_speed
shallow=reports/shallow
.venv/bin/communique distil --teacher communique@champion --layers 3 --out "$shallow"
.venv/bin/python - <<'PYTHON'
from communique.data.codebook import Codebook
from communique.data.dataset import read_corpus
from communique.data.splits import Split

corpus = read_corpus("data/sentences.jsonl", Codebook.load("data/codebook.yaml"))
Split.load("data/splits.json").apply(corpus)["test"].to_jsonl("reports/test.jsonl")
PYTHON
cp "$real" reports/real.jsonl
for part in test real; do
  .venv/bin/communique evaluate --model "$shallow" --data "reports/$part.jsonl" --predictions "reports/shallow.csv"
  .venv/bin/communique compare --study study --study champion --predictions "reports/shallow.csv" --part "$part" \
    --reference transformer --no-behave --out "reports/shallow_$part.html"
  cp "reports/shallow_$part.csv" "$here/"
done
