"""Which runtime scores a model, and the commands that make faster models: export and distil."""

import glob
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
    SeedOption,
    SplitOption,
    UriOption,
    console,
    load,
    model_folder,
)
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.data.codebook import Codebook
    from communique.data.dataset import Corpus
    from communique.models import StanceModel

# What is larger holds some 2,000 sentences: from there on an export pays for itself.
LARGE = 300_000  # bytes
Runtime = Literal["auto", "torch", "onnx"]
RuntimeOption = Annotated[
    Runtime, typer.Option(help="what runs an encoder; auto: onnx for more than some 2,000 sentences, else torch")
]


def load_for_scoring(reference: str, uri: str, runtime: Runtime, inputs: Sequence[str]) -> "StanceModel":
    """The model to score with, its encoders in ONNX Runtime where asked for or where that helps; says what it does.

    The choice depends on the inputs' size and on what is installed, not on what earlier calls left in the cache, so
    that the same call gives the same bytes.
    """
    from communique.models import load_model
    from communique.models.export import has_encoder
    from communique.models.export_cache import cached_export, cached_path, can_export

    folder = model_folder(reference, uri)
    if runtime == "torch" or not has_encoder(folder):
        return load_model(folder)
    if runtime == "auto" and not (can_export() and (not find_spec("torch") or _bytes_of(inputs) > LARGE)):
        return load_model(folder)
    if not cached_path(folder).is_dir():
        console.print("preparing the model for ONNX Runtime, once …")
    try:
        model, made = cached_export(folder)
    except CommuniqueError as error:
        if runtime == "onnx" or not find_spec("torch"):
            raise
        console.print(f"note: scored by torch, since {error}")
        return load_model(folder)
    if made:
        console.print(f"  kept in {cached_path(folder)}")
    return model


def _bytes_of(inputs: Sequence[str]) -> int:
    """The size of all files meant; standard input counts as small."""
    paths = [Path(found) for item in inputs for found in (glob.glob(item, recursive=True) or [item])]
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    return sum(file.stat().st_size for file in files if file.is_file())


def export(
    out: Annotated[Path, typer.Option(help="the folder to write")],
    model: ModelOption = MODEL,
    precision: Annotated[Literal["int8", "float32"], typer.Option(help="int8 stays float where it costs")] = "int8",
    validation: Annotated[Path | None, typer.Option(help="labelled sentences that judge int8")] = None,
    calibration: Annotated[Path | None, typer.Option(help="training sentences that set the int8 scales")] = None,
    budget: Annotated[
        float | None, typer.Option(help="a cascade: the share that may go to the encoder, the rest to --cheap")
    ] = None,
    cheap: Annotated[str, typer.Option(help="the cascade's cheap model")] = "packaged",
    data: CorpusOption = CORPUS,
    codebook: CodebookOption = CODEBOOK,
    split: SplitOption = SPLIT,
    tracking_uri: UriOption = URI,
) -> None:
    """Export an encoder, alone or in an ensemble, to ONNX Runtime: scored without torch, int8 where it holds."""
    from communique.models.cascade import CascadeModel
    from communique.models.export import check_encoder, export_model
    from communique.models.export_cache import check_agreement
    from communique.models.folder import check_destination

    check_destination(out)  # before the long work, not after it
    folder = model_folder(model, tracking_uri, fallback=False)
    check_encoder(folder)
    cut = _Cut(data, codebook, split)
    judged = cut.part(validation, "validation") if precision == "int8" or budget is not None else None
    scales = cut.part(calibration, "train").texts if precision == "int8" else []
    gold = (judged.texts, judged.indicators.to_numpy()) if judged else None
    export = export_model(folder, precision, scales, gold)
    console.print(str(export))
    if export.precision == "float32" and find_spec("torch"):
        console.print(f"agrees with torch within {check_agreement(folder, export.model):.1e} in probability")
    made = export.model
    if budget is not None and judged:
        made = CascadeModel.of(load(cheap, tracking_uri), made, budget, judged.texts)
    made.save(out)
    console.print(f"{made.kind}, {_megabytes(out):.0f} MB → {out}")


def distil(
    out: Annotated[Path, typer.Option(help="the folder to write")],
    teacher: Annotated[str, typer.Option(help="the model to learn from, named as --model elsewhere")] = MODEL,
    layers: Annotated[
        int | None, typer.Option(min=1, help="an encoder of so many layers instead: slower, closer to its teacher")
    ] = None,
    unlabelled: Annotated[Path | None, typer.Option(help="further sentences (.txt or .jsonl) for the teacher")] = None,
    seed: SeedOption = 0,
    data: CorpusOption = CORPUS,
    codebook: CodebookOption = CODEBOOK,
    split: SplitOption = SPLIT,
    tracking_uri: UriOption = URI,
) -> None:
    """Distil a fitted model into a small static one, tens of times faster, or with --layers into a shallow encoder."""
    from communique.evaluation.calibration import PlattCalibrator
    from communique.models import load_model
    from communique.models.folder import check_destination
    from communique.training import DecisionRule, fit_model

    check_destination(out)
    folder = model_folder(teacher, tracking_uri, fallback=False)
    cut = _Cut(data, codebook, split)
    train, validation = cut.part(None, "train"), cut.part(None, "validation")
    fitted = fit_model(
        _student(layers, str(folder), unlabelled, seed), train, validation, DecisionRule(PlattCalibrator())
    )
    fitted.provenance |= {"name": out.name, "data": cut.corpus.fingerprint}
    fitted.save(out)
    of_student, of_teacher = (_macro_f1(model, validation) for model in (fitted, load_model(folder)))
    console.print(
        f"validation macro-F1 {of_student:.3f}, its teacher's {of_teacher:.3f}; {_megabytes(out):.1f} MB → {out}"
    )


def _student(layers: int | None, teacher: str, unlabelled: Path | None, seed: int) -> "StanceModel":
    """What learns: the static model, or an encoder of few layers, which needs more steps than a deep one."""
    from communique.models.static import StaticModel
    from communique.models.transformer import TransformerModel

    further = str(unlabelled) if unlabelled else None
    if layers is None:
        return StaticModel(teacher, unlabelled=further, seed=seed)
    return TransformerModel(layers=layers, epochs=4, learning_rate=3e-4, teacher=teacher, unlabelled=further, seed=seed)


def _macro_f1(model: "StanceModel", part: "Corpus") -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(part.indicators.to_numpy(), model.predict(part.texts), average="macro", zero_division=0))


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


class _Cut:
    """The corpus and its split, read only where a file of one's own does not stand in."""

    def __init__(self, data: Path, codebook: Path, split: Path) -> None:
        self.data, self.codebook, self.split = data, codebook, split

    def book(self) -> "Codebook":
        from communique.data.codebook import Codebook

        return Codebook.load(self.codebook)

    @cached_property
    def corpus(self) -> "Corpus":
        from communique.data.dataset import read_corpus

        return read_corpus(self.data, self.book())

    def part(self, file: Path | None, name: str) -> "Corpus":
        from communique.data.dataset import read_corpus
        from communique.data.splits import Split

        if file is not None:
            return read_corpus(file, self.book())
        parts = Split.load(self.split).apply(self.corpus)
        if name not in parts:
            raise CommuniqueError(f"{self.split}: has no part '{name}'; name the sentences with an option of their own")
        return parts[name]
