"""The command that tries a model's behaviour."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from communique.cli.options import (
    CODEBOOK,
    CORPUS,
    MODEL,
    SPLIT,
    URI,
    CorpusOption,
    ModelOption,
    SeedOption,
    SplitOption,
    UriOption,
    codebook_of,
    console,
    keep_inputs,
    load,
    split_of,
)
from communique.errors import CommuniqueError
from communique.files import write_texts

if TYPE_CHECKING:
    from communique.behaviour import BehaviourReport
    from communique.data.codebook import Codebook
    from communique.data.contrast import Case, Pair
    from communique.data.dataset import Sentence

BESIDE = (".json", ".csv", ".changes.csv", ".actors.csv")  # of a page
CONTRAST, CASES = Path("data/contrast.jsonl"), Path("data/behaviour.jsonl")


def behave(
    model: ModelOption = MODEL,
    contrast: Annotated[Path, typer.Option(help="minimal pairs (.jsonl)")] = CONTRAST,
    cases: Annotated[Path, typer.Option(help="plain sentences by capability (.jsonl)")] = CASES,
    data: CorpusOption = CORPUS,
    split: SplitOption = SPLIT,
    out: Annotated[Path | None, typer.Option(help="a page to write (.html), with .json and .csv beside it")] = None,
    sample: Annotated[int, typer.Option(min=0, help="sentences of the test part for each edit")] = 500,
    carriers: Annotated[int, typer.Option(min=0, help="unlabelled sentences to put states' names into")] = 50,
    margin: Annotated[float, typer.Option(help="by how much a pair's probability must move the right way")] = 0.05,
    seed: SeedOption = 0,
    tracking_uri: UriOption = URI,
) -> None:
    """Try negation, attribution, opposite stance, actor swaps and more; say what a model gets wrong and how often."""
    from communique.behaviour import behave as try_behaviour
    from communique.reporting.behaviour import behaviour_tables

    if out and out.suffix not in (".html", ".htm"):
        raise CommuniqueError(f"{out}: a page ends in .html; name it so, the .json and .csv come beside it")
    if out:
        keep_inputs([out, *(out.with_suffix(suffix) for suffix in BESIDE)], [contrast, cases, data, split])
    fitted = load(model, tracking_uri)
    book = codebook_of(fitted)
    pairs, plain = pairs_and_cases(book, contrast, cases)
    sentences = _sentences(data, split, book)
    report = try_behaviour(
        fitted,
        pairs,
        plain,
        sentences,
        sample=sample,
        carriers=carriers,
        margin=margin,
        seed=seed,
        progress=True,
    )
    for table in behaviour_tables(report):
        console.print(table)
    if out:
        _write(report, out)


def pairs_and_cases(
    book: "Codebook", contrast: Path = CONTRAST, cases: Path = CASES
) -> "tuple[tuple[Pair, ...], tuple[Case, ...]]":
    """Minimal pairs and plain cases; files that nobody named may be absent or of other labels, which is said."""
    from communique.data.contrast import read_cases, read_pairs

    pairs = () if _left_out(contrast, CONTRAST, "minimal pairs", book) else read_pairs(contrast, book)
    return pairs, () if _left_out(cases, CASES, "plain cases", book) else read_cases(cases, book)


def _left_out(path: Path, default: Path, what: str, book: "Codebook") -> bool:
    """Whether a file that nobody named is not there or of other labels, which is said; a named one must do."""
    if path != default:
        return False
    why = ""
    if not path.exists():
        why = f"no {what} at {path}"
    elif CODEBOOK.exists() and set(book.names) != set(type(book).load(CODEBOOK).names):
        why = f"the {what} at {path} are labelled by {CODEBOOK}, whose labels are not those of this model"
    if why:
        console.print(f"{why}: left out")
    return bool(why)


def _sentences(data: Path, split: Path, book: "Codebook") -> tuple["Sentence", ...]:
    """The test part, or all sentences where there is no split."""
    from communique.data.dataset import read_corpus
    from communique.data.splits import Split

    try:
        corpus = read_corpus(data, book)
    except CommuniqueError as error:
        if data == CORPUS:
            raise CommuniqueError(
                f"{error}; name sentences with this model's labels by --data, and their split by --split"
            ) from error
        raise
    cut = split_of(data, split)
    if cut is None:
        console.print(f"edits are made to all sentences of {data}")
        return corpus.sentences
    parts = Split.load(cut).apply(corpus)
    if "test" not in parts:
        raise CommuniqueError(f"{split}: has no part 'test', whose sentences are edited; name another split")
    return parts["test"].sentences


def _write(report: "BehaviourReport", out: Path) -> None:
    from communique.reporting.behaviour import behaviour_page

    texts = (
        json.dumps(report.to_dict(), indent=1, ensure_ascii=False) + "\n",
        report.to_frame().to_csv(index=False),
        report.changes_frame().to_csv(index=False),
        report.actors_frame().to_csv(index=False),
    )
    beside = {out.with_suffix(suffix): text for suffix, text in zip(BESIDE, texts, strict=True)}
    write_texts(beside | {out: behaviour_page(report)})
    console.print(f"page → {out}")
