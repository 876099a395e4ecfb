"""How fast each way to score is, how soon it starts, what memory it takes, and how good it is.

Rates: every contender scores the same sentences on the same threads, in rounds that go through all contenders in
turn (so that a slower minute of the machine slows all); medians of the rounds, and ratios to our encoder in torch.
Seconds to the first result and peak memory: each contender in a process of its own, from its start.
Usage: python experiments/bench.py --model communique@champion --labelled REAL.jsonl --corpus SPEECHES.jsonl.gz
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

if "--threads" in sys.argv:  # before any numeric library is loaded
    os.environ["OMP_NUM_THREADS"] = sys.argv[sys.argv.index("--threads") + 1]

import numpy as np
from contenders import prepare
from rich.console import Console
from rich.table import Table
from scorers import LIBRARIES, Score, contender
from sklearn.metrics import f1_score

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, read_corpus
from communique.data.splits import Split
from communique.errors import CommuniqueError
from communique.models import load_model
from communique.models.threads import threads
from communique.scoring.sentences import split

REFERENCE = "encoder, torch"
PIPELINE = "pipeline, batch 1"
SIZES = (1_000, 10_000, 100_000, 500_000)
console = Console()


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="communique@champion", help="a transformer, or an ensemble with one")
    parser.add_argument("--static", default="packaged", help="the static model")
    parser.add_argument("--shallow", help="an encoder of few layers, from communique distil --layers")
    parser.add_argument("--tracking-uri", default="sqlite:///mlruns.db")
    parser.add_argument("--data", default="data/sentences.jsonl", help="the sentences timed are of its test part")
    parser.add_argument("--split", default="data/splits.json")
    parser.add_argument("--codebook", default="data/codebook.yaml")
    parser.add_argument("--labelled", help="labelled sentences for macro-F1 (default: those timed)")
    parser.add_argument("--corpus", help="unlabelled documents (.jsonl or .jsonl.gz) for growth; left out if absent")
    parser.add_argument("--sentences", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--budget", type=float, default=0.3, help="the cascade's share for the encoder")
    parser.add_argument("--threads", type=int, default=threads())
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="of the sizes of --corpus")
    parser.add_argument("--out", default="reports/bench.json")
    return parser.parse_args()


def main() -> None:
    """Prepare, time, measure, tell, write."""
    options = arguments()
    corpus = read_corpus(options.data, Codebook.load(options.codebook))
    parts = Split.load(options.split).apply(corpus)
    rows = np.random.default_rng(0).permutation(len(parts["test"]))[: options.sentences]
    timed = parts["test"].take(rows)
    labelled = read_corpus(options.labelled, corpus.codebook) if options.labelled else timed
    with tempfile.TemporaryDirectory(prefix="communique-bench-") as scratch:
        work = Path(scratch)
        (work / "sentences.json").write_text(json.dumps(timed.texts), encoding="utf-8")
        names = prepare(work, options, parts)
        result: dict[str, Any] = {"sentences": len(timed), "threads": options.threads, "rounds": options.rounds}
        result["started"] = {name: in_its_own_process(name, work) for name in names}
        result["rates"] = interleaved({name: contender(name, work) for name in names}, timed.texts, options.rounds)
        result["macro_f1"] = {name: quality(name, work, labelled) for name in names}
        if options.corpus:
            result["growth"] = growth(Path(options.corpus), work, options.largest)
    tell(result)
    Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    Path(options.out).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    console.print(f"→ {options.out}")


def interleaved(scorers: dict[str, Score], texts: Sequence[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Sentences a second, all rounds and their median, with the ratios to torch and to the pipeline round by round."""
    seconds: dict[str, list[float]] = {name: [] for name in scorers}
    for score in scorers.values():
        score(texts[:8])
    for number in range(rounds):
        for name, score in scorers.items():
            console.print(f"round {number + 1} of {rounds}: {name}", end="\r")
            began = time.perf_counter()
            score(texts)
            seconds[name].append(time.perf_counter() - began)
    return {
        name: {
            "sentences_per_second": [len(texts) / s for s in spent],
            "median": len(texts) / statistics.median(spent),
            "ratio": _ratio(seconds[REFERENCE], spent),
            "ratio_to_pipeline": _ratio(seconds[PIPELINE], spent),
        }
        for name, spent in seconds.items()
    }


def _ratio(base: Sequence[float], spent: Sequence[float]) -> float:
    """How many times as fast as ``base``: the median over rounds."""
    return statistics.median(b / s for b, s in zip(base, spent, strict=True))


def quality(name: str, work: Path, labelled: Corpus) -> float | None:
    """Macro-F1 of a model of ours at its thresholds; None for the libraries, whose heads are not trained."""
    if name in LIBRARIES:
        return None
    gold, model = labelled.indicators.to_numpy(), load_model(work / name)
    return float(f1_score(gold, model.predict(labelled.texts), average="macro", zero_division=0))


def in_its_own_process(name: str, work: Path) -> dict[str, float]:
    """Seconds from a process's start to its first result, and its peak memory after all sentences."""
    console.print(f"alone: {name}")
    command = [sys.executable, str(Path(__file__).with_name("scorers.py")), name, str(work)]
    began = time.time()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommuniqueError(f"{name}: failed alone: {done.stderr.strip().splitlines()[-1]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return {"seconds_to_first": said["first"] - began, "peak_megabytes": said["peak"]}


def growth(corpus: Path, work: Path, largest: int) -> list[dict[str, float]]:
    """``communique score`` with the static model on the first documents: seconds and peak memory as they grow."""
    found = []
    for size in (size for size in SIZES if size <= largest):
        path, sentences = work / f"{size}.jsonl", 0
        with path.open("w", encoding="utf-8") as stream:
            for number, text in enumerate(_texts(corpus)):
                stream.write(json.dumps({"id": str(number), "text": text}) + "\n")
                sentences += len(split(text))
                if sentences >= size:
                    break
        found.append({"sentences": sentences, **_scored(path, work)})
        console.print(f"{sentences:,} sentences: {found[-1]}")
        path.unlink()
        if sentences < size:
            console.print(f"{corpus}: holds no more; larger sizes are left out")
            break
    return found


def _texts(corpus: Path) -> Iterator[str]:
    opener = gzip.open if corpus.suffix == ".gz" else open
    with opener(corpus, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)["text"]


def _scored(path: Path, work: Path) -> dict[str, float]:
    """Wall seconds of scoring a file apart, and the peak megabytes of its main process."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import atexit, pathlib, scorers\n"
        f"atexit.register(lambda: pathlib.Path({str(work / 'peak')!r}).write_text(str(scorers.peak_megabytes())))\n"
        "from communique.cli import main; main()"
    )
    scored = [str(path), "--id-column", "id", "--model", str(work / "static"), "--out", str(work / "scored.csv")]
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, "score", *scored], stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise CommuniqueError(f"{path.name}: communique score failed; its message stands above")
    return {"seconds": time.perf_counter() - began, "peak_megabytes": float((work / "peak").read_text())}


def tell(result: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table(title=f"{result['sentences']} sentences, {result['threads']} threads, {result['rounds']} rounds")
    for heading in ("", "sentences/s", "times torch", "times pipeline", "to first, s", "peak, MB", "macro-F1"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, rate in result["rates"].items():
        alone, f1 = result["started"][name], result["macro_f1"][name]
        figures = [f"{rate['median']:,.0f}", f"{rate['ratio']:.2f}", f"{rate['ratio_to_pipeline']:.1f}"]
        figures += [f"{alone['seconds_to_first']:.1f}"]
        table.add_row(name, *figures, f"{alone['peak_megabytes']:,.0f}", "" if f1 is None else f"{f1:.3f}")
    console.print(table)


if __name__ == "__main__":
    try:
        main()
    except CommuniqueError as error:
        sys.exit(f"error: {error}")
