"""Commands about labelled sentences: check, split, agree, annotate."""

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
    CodebookOption,
    CorpusOption,
    ModelOption,
    ResamplesOption,
    SeedOption,
    SplitOption,
    UriOption,
    console,
    load,
    read_labelled,
    split_of,
    write_text,
)
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.data.annotation import Query
    from communique.data.codebook import Codebook
    from communique.data.dataset import Corpus

Sheets = Annotated[list[Path], typer.Argument(help="filled sheets, one an annotator, named for the annotator")]


def data(
    path: CorpusOption = CORPUS,
    codebook: CodebookOption = CODEBOOK,
    split: SplitOption = SPLIT,
    near: Annotated[float, typer.Option(min=0, max=1, help="Jaccard similarity that counts as near-duplicate")] = 0.6,
    beside: Annotated[Path | None, typer.Option(help="measure variety beside these sentences (.jsonl, .gz)")] = None,
) -> None:
    """Check a labelled file, summarise it, and report what leaks across its split."""
    from communique.data.splits import Split
    from communique.reporting.tables import corpus_table, field_table

    corpus = read_labelled(path, codebook)
    cut = split_of(path, split)
    parts = Split.load(cut).apply(corpus) if cut else {}
    console.print(corpus_table({**parts, "all": corpus}))
    for field in ("genre", "forum", "phenomena"):
        if any(getattr(sentence, field) for sentence in corpus.sentences):
            console.print(field_table(corpus, field))
    console.print(f"fingerprint {corpus.fingerprint}")
    _tell_behaviour(path.parent, corpus.codebook)
    if beside:
        _tell_variety(corpus, beside)
    if parts and not _tell_leakage(parts, near):
        raise typer.Exit(1)


def _tell_behaviour(folder: Path, book: "Codebook") -> None:
    """Check the minimal pairs and the plain cases that lie beside the corpus, and count them."""
    from communique.data.contrast import read_cases, read_pairs

    pairs, cases = folder / "contrast.jsonl", folder / "behaviour.jsonl"
    if pairs.exists():
        read = read_pairs(pairs, book)
        still = sum(not pair.moves for pair in read)
        kinds = len({pair.kind for pair in read})
        console.print(f"{pairs}: {len(read):,} minimal pairs of {kinds} kinds, {still:,} of which move no label")
    if cases.exists():
        plain = read_cases(cases, book)
        capabilities = len({case.capability for case in plain})
        console.print(f"{cases}: {len(plain):,} plain cases of {capabilities} capabilities")


def _tell_leakage(parts: dict[str, "Corpus"], near: float) -> bool:
    from communique.data.leakage import leakage_report

    report = leakage_report(parts, near)
    console.print(
        f"leakage across parts: {len(report.shared_documents)} documents, {len(report.near_duplicates)} pairs of "
        f"near-duplicate sentences (Jaccard of word trigrams ≥ {near})"
    )
    for pair in report.near_duplicates:
        sides = f"{pair.first_part} {pair.first.id} ~ {pair.second_part} {pair.second.id}"
        console.print(f"  {pair.similarity:.2f}  {sides}")
    return report.clean


def _tell_variety(corpus: "Corpus", beside: Path) -> None:
    import numpy as np

    from communique.data.texts import read_texts
    from communique.data.variety import near_pairs, variety
    from communique.models.encoder import PACKAGED, FrozenEncoder
    from communique.reporting.tables import variety_table

    others = read_texts(beside)
    if len(others) < len(corpus):
        raise CommuniqueError(f"{beside}: holds {len(others)} sentences; give at least {len(corpus)} to compare with")
    drawn = np.random.default_rng(0).choice(len(others), len(corpus), replace=False)
    figures = {"corpus": variety(corpus.texts), beside.name: variety([others[i] for i in drawn])}
    console.print(variety_table(figures))
    vectors = FrozenEncoder(PACKAGED).embed(corpus.texts, progress=True)
    near = {row for i, j, _ in near_pairs(vectors, corpus.documents) for row in (i, j)}
    share = len(near) / len(corpus)
    console.print(f"near-duplicates across documents (cosine ≥ 0.9): {len(near):,} sentences, {share:.2%}")


def split(
    path: CorpusOption = CORPUS,
    codebook: CodebookOption = CODEBOOK,
    out: Annotated[Path, typer.Option(help="the split to write (.json)")] = SPLIT,
    seed: SeedOption = 0,
    force: Annotated[bool, typer.Option("--force", help="replace a split that is there")] = False,
) -> None:
    """Cut a corpus into train, validation and test by document, balanced over the labels."""
    from communique.data.splits import Split
    from communique.reporting.tables import corpus_table

    if out.exists() and not force:
        raise CommuniqueError(f"{out}: is there already, and results depend on it; name another --out or use --force")
    corpus = read_labelled(path, codebook)
    cut = Split.make(corpus, seed=seed)
    if empty := [part for part, documents in cut.parts.items() if not documents]:
        count = len(set(corpus.documents))
        raise CommuniqueError(f"{path}: {count} documents leave the part '{empty[0]}' without one; give more documents")
    cut.save(out)
    console.print(corpus_table(cut.apply(corpus)))
    console.print(f"written to {out}")


def agreement(
    path: Annotated[Path, typer.Argument(help="sentences with annotations of two annotators")] = CORPUS,
    codebook: CodebookOption = CODEBOOK,
    annotators: Annotated[tuple[str, str], typer.Option(help="which two")] = ("author", "second"),
    resamples: ResamplesOption = 1000,
) -> None:
    """Agreement of two annotators before adjudication, with intervals over documents."""
    from communique.data.agreement import agreement as measure
    from communique.reporting.tables import agreement_table

    console.print(agreement_table(measure(read_labelled(path, codebook), annotators, resamples), annotators))


def annotate_export(
    scored: Annotated[list[Path], typer.Argument(help="scored tables (.csv .parquet .jsonl); two for disagreement")],
    out: Annotated[Path, typer.Option(help="the sheet to write: .xlsx and .csv, with its design beside")],
    number: Annotated[int, typer.Option(help="how many sentences (documents for --query documents)")] = 100,
    query: Annotated[str, typer.Option(help="random, documents, uncertainty or disagreement")] = "random",
    by: Annotated[str, typer.Option(help="with random: equally many for each value of this column")] = "",
    seed: SeedOption = 0,
    codebook: CodebookOption = CODEBOOK,
    force: Annotated[bool, typer.Option("--force", help="replace a sheet that is there")] = False,
    model: ModelOption = MODEL,
    tracking_uri: UriOption = URI,
) -> None:
    """Choose scored sentences of a table to label next, and write a sheet for annotators."""
    from communique.data.annotation import QUERIES, RANDOM, draw
    from communique.data.codebook import Codebook
    from communique.data.sheets import write_sheet

    if query not in QUERIES:
        raise CommuniqueError(f"query '{query}': choose one of {', '.join(QUERIES)}")
    if not force and (there := [p for p in map(out.with_suffix, (".csv", ".xlsx")) if p.exists()]):
        raise CommuniqueError(f"{there[0]}: is there already, perhaps filled in; name another --out or use --force")
    book = Codebook.load(codebook)
    thresholds = _thresholds(model, tracking_uri, book) if query == "uncertainty" else None
    table = _scored(scored)
    if query not in RANDOM and (missing := [n for n in book.names if f"prob_{n}" not in table]):
        raise CommuniqueError(f"{scored[0]}: column 'prob_{missing[0]}' is missing; score it by the same codebook")
    chosen: Query = query  # type: ignore[assignment]
    sheet, design = draw(table, book.names, number, chosen, seed, thresholds, ", ".join(p.name for p in scored), by)
    write_sheet(sheet, book, out, design)
    console.print(
        f"{len(sheet):,} sentences, {query} of {design.population:,} {design.unit}s → {out.with_suffix('')}.*"
    )
    if "reprint_of" in sheet and (again := int(sheet["reprint_of"].fillna("").astype(str).ne("").sum())):
        console.print(f"  {again:,} of them reprint a sentence of an earlier document: prevalence leaves these out")


def _thresholds(model: str, uri: str, book: "Codebook") -> dict[str, float]:
    """A model's thresholds by label; CommuniqueError where it was fitted to other labels than the codebook's."""
    fitted = load(model, uri)
    if missing := [name for name in book.names if name not in fitted.labels]:
        raise CommuniqueError(
            f"model {fitted.name}: has no threshold for label '{missing[0]}' of the codebook; "
            "name by --model the one that scored the table"
        )
    return {} if fitted.thresholds is None else dict(zip(fitted.labels, fitted.thresholds, strict=True))


def _scored(paths: list[Path]):  # type: ignore[no-untyped-def]
    """The first table, with the probabilities of the others beside its own as ``prob_…@n``."""
    from communique.data.annotation import sentence_ids
    from communique.scoring.table import read_table

    table = read_table(paths[0])
    if missing := [name for name in ("document", "text") if name not in table]:
        raise CommuniqueError(f"{paths[0]}: column '{missing[0]}' is missing; name a table that communique score wrote")
    table["id"] = sentence_ids(table)
    for number, path in enumerate(paths[1:], 2):
        other = read_table(path)
        if "text" not in other or other["text"].tolist() != table["text"].tolist():
            raise CommuniqueError(f"{path}: holds other sentences than {paths[0]}; score the same documents")
        for column in [name for name in other.columns.astype(str) if name.startswith("prob_")]:
            table[f"{column}@{number}"] = other[column].to_numpy()
    return table


def annotate_import(
    sheets: Sheets,
    out: Annotated[Path, typer.Option(help="labelled sentences to write (.jsonl)")],
    design_of: Annotated[
        Path | None, typer.Option("--exported", help="the sheet as exported, if its copies have other names")
    ] = None,
    codebook: CodebookOption = CODEBOOK,
    force: Annotated[bool, typer.Option("--force", help="replace labelled sentences that are there")] = False,
) -> None:
    """Read filled sheets back, merge the annotators, tell how far they agree."""
    from communique.data.agreement import agreement as measure
    from communique.data.annotation import Design, design_path, merge
    from communique.data.codebook import Codebook
    from communique.data.dataset import Corpus
    from communique.data.sheets import read_sheet
    from communique.reporting.tables import agreement_table

    if out.suffix != ".jsonl":  # a slip of the pen would write over a filled sheet
        raise CommuniqueError(f"{out}: labelled sentences are written as .jsonl; name it so")
    apart = out.with_suffix(".disputed.jsonl")
    if not force and (there := [path for path in (out, apart) if path.exists()]):
        raise CommuniqueError(f"{there[0]}: is there already, perhaps adjudicated; name another --out or use --force")
    book = Codebook.load(codebook)
    if len({path.stem for path in sheets}) < len(sheets):
        raise CommuniqueError("annotate import: two sheets have one name; name each for its annotator")
    design = Design.load(design_of or sheets[0])
    if not force and design_path(out).exists() and Design.load(out) != design:
        raise CommuniqueError(f"{design_path(out)}: is the design of another sheet; name another --out or use --force")
    read = {path.stem: read_sheet(path, book) for path in sheets}
    for name, (sentences, empty) in read.items():
        gone = design.drawn - len(sentences) - empty if design.unit == "sentence" else 0
        deleted = f", {gone:,} of {design.drawn:,} drawn are not in it" if gone > 0 else ""
        console.print(f"{name}: {len(sentences):,} rows labelled, {empty:,} left empty{deleted}")
    if not any(sentences for sentences, _ in read.values()):
        raise CommuniqueError("annotate import: no row is filled in; say yes under a label, or under 'none'")
    agreed, disputed = merge({name: sentences for name, (sentences, _) in read.items()}, book)
    agreed.to_jsonl(out)
    design.save(out)
    console.print(f"{len(agreed):,} sentences → {out}")
    apart.unlink(missing_ok=True)
    if len(disputed):
        lines = [json.dumps(s.to_dict() | {"labels": None}, ensure_ascii=False) + "\n" for s in disputed]
        write_text(apart, "".join(lines))  # no labels, which is not none: unadjudicated they are read by nobody
        console.print(f"{len(disputed):,} sentences in dispute → {apart}: adjudicate them and add them")
    if len(read) == 2:
        first, second = read
        both = Corpus((*agreed, *disputed), book)
        console.print(agreement_table(measure(both, (first, second)), (first, second)))
