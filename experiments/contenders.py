"""The models that the benchmark times, laid out in folders that ``scorers`` reads."""

import argparse
import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from scorers import LIBRARIES, OURS

from communique.cli.options import model_folder
from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.models import load_model
from communique.models.base import StanceModel
from communique.models.cascade import CascadeModel
from communique.models.export import export_model
from communique.models.folder import read_manifest
from communique.models.members import member_folders

console = Console()


def prepare(work: Path, options: argparse.Namespace, parts: Mapping[str, Corpus]) -> list[str]:
    """Everything that a contender loads, as folders in ``work``; returns the contenders there are."""
    folder = model_folder(options.model, options.tracking_uri)
    found, linear = member(folder, "transformer"), member(folder, "tfidf")
    if found is None:
        raise CommuniqueError(f"{options.model}: holds no fine-tuned encoder to time; name a model that does")
    validation = parts["validation"]
    plain = _decided(export_model(found).model, validation)
    small = export_model(found, "int8", parts["train"].texts, (validation.texts, validation.indicators.to_numpy()))
    console.print(f"export: {small}")
    static = load_model(model_folder(options.static, options.tracking_uri))
    cascade = CascadeModel.of(static, plain, options.budget, validation.texts)
    slow = load_model(found)
    slow.thresholds = plain.thresholds  # the same probabilities, so the same cut
    made = {
        "encoder, torch": slow,
        "encoder, onnx": plain,
        "encoder, onnx int8": small.model,
        "static": static,
        "cascade": cascade,
    }
    absent = {} if linear else {"tfidf": "the model has no such member"}
    if options.shallow:
        shallow = export_model(model_folder(options.shallow, options.tracking_uri)).model
        made["shallow, onnx"] = shallow
        made["cascade, shallow"] = CascadeModel.of(static, shallow, options.budget, validation.texts)
    else:
        absent |= dict.fromkeys(("shallow, onnx", "cascade, shallow"), "no --shallow is named")
    _save_usual(found / "network", work / "usual")
    if linear:
        made["tfidf"] = _decided(load_model(linear), validation)
    for name, model in made.items():
        model.save(work / name)
    if not find_spec("setfit"):
        absent["setfit"] = "is not installed"
    if small.precision != "int8":
        absent["encoder, onnx int8"] = "costs too much and stayed float"
    for name, why in absent.items():
        console.print(f"left out: {name} ({why})")
    return [name for name in (*LIBRARIES, *OURS) if name not in absent]


def _decided(model: StanceModel, validation: Corpus) -> StanceModel:
    """The model with thresholds; a member of an ensemble comes without."""
    from communique.evaluation.calibration import fit_thresholds

    if model.thresholds is None:
        gold = validation.indicators.to_numpy()
        model.thresholds = fit_thresholds(gold, model.predict_proba(validation.texts)).values
    return model


def member(folder: Path, kind: str) -> Path | None:
    """The folder of this kind in a saved model: itself, or the first such member."""
    if read_manifest(folder)["kind"] == kind:
        return folder.resolve()
    return next((found for inner in member_folders(folder) if (found := member(inner, kind))), None)


def _save_usual(network: Path, folder: Path) -> None:
    """A network of the encoder's size under the architecture that every pipeline can load."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig

    config = json.loads((network / "config.json").read_text(encoding="utf-8"))
    options = {key: value for key, value in config.items() if key not in ("model_type", "architectures")}
    AutoModelForSequenceClassification.from_config(BertConfig(**options)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(network).save_pretrained(folder)
