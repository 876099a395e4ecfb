#!/usr/bin/env bash
# Experiment 13: how much would a cut by sentence flatter? Five cuts by document, five by sentence, two kinds; one more.
# Usage: experiments/013_leak/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS=2
communique train -m experiment=leak
communique train -m experiment=leak split=fixed,random model=embedding seed=0
python experiments/collect.py leak experiments/013_leak/results.json
python experiments/013_leak/differences.py
