#!/usr/bin/env bash
# Experiment 8: SemEval-2016 Task 6 A, one model a target, settings by cross-validation on the training part.
# Usage: experiments/008_tweeteval/run.sh FOLDER   (train.jsonl, validation.jsonl, test.jsonl: id, document, target, text, labels)
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:?give the folder of TweetEval stance files}
export PATH="$PWD/.venv/bin:$PATH"
communique train -m experiment=tweeteval "data.folder=$folder" threads=1
communique train -m experiment=tweeteval model=linear_pair search=null "data.folder=$folder" threads=1
communique compare --study tweeteval --pool data.where.target --out reports/tweeteval.html
python experiments/collect_pooled.py tweeteval data.where.target experiments/008_tweeteval/results.json
