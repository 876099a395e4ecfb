"""A run told in prose: its model card, and its answers to the reproducibility checklist of the ACL conferences.

Model cards: Mitchell et al. 2019. The checklist: Dodge et al. 2019, as EMNLP asked it from 2020 on. Everything is
read off the run's files; what no file knows is left to the author, and marked so.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from communique.errors import CommuniqueError
from communique.evaluation.resampling import Interval
from communique.files import write_texts
from communique.models.folder import is_model_folder
from communique.reporting.tables import show
from communique.tracking.base import RunRecord

MODEL_CARD, REPRODUCIBILITY = "MODEL_CARD.md", "REPRODUCIBILITY.md"
FILES = {"config": "config", "provenance": "provenance", "data": "data", "folds": "folds", "model": "model.summary"}
BESIDE = ("tracking.", "force", "study", "name")


def write_cards(files: Path, into: Path | None = None, study_runs: Sequence[RunRecord] = ()) -> list[Path]:
    """Write both cards of the run whose files lie in ``files``, there or ``into`` another folder.

    ``study_runs`` are the finished runs of the study, for what the checklist asks of a search. Raises
    CommuniqueError where a file of the run is missing, as in runs of versions that did not write it.
    """
    search = {"study_runs": len(study_runs), "varied": varied(study_runs), "scores": _scores(study_runs)}
    return _write(into or files, (MODEL_CARD, REPRODUCIBILITY), read_facts(files) | search)


def write_model_card(manifest: Mapping[str, Any], into: Path) -> Path:
    """Write the card of a saved model whose run is not at hand: all but its figures."""
    origin = manifest["provenance"]
    book = manifest["codebook"] or {"labels": [{"name": name, "title": name} for name in manifest["labels"]]}
    facts = {
        "run_id": origin.get("run", ""),
        "config": {},
        "provenance": {
            "environment": {key: value for key, value in origin.items() if isinstance(value, str)},
            "infrastructure": {},
            "revision": {key: value for key, value in origin.items() if key.startswith("git.")},
            "notes": [],
            "data": origin.get("data", "unknown"),
            "name": origin.get("name", manifest["kind"]),
        },
        "data": {"codebook": book},
        "folds": {"decided_on": origin.get("decided_on", ""), "folds": []},
        "model": {
            "kind": manifest["kind"],
            "description": "",
            "parameters": manifest["parameters"],
            "size": None,
            "calibrator": (manifest["calibrator"] or {}).get("kind"),
            "archive": origin.get("archive"),
            "teacher": origin.get("teacher"),
        },
        "thresholds": dict(zip(manifest["labels"], manifest["thresholds"] or [], strict=False)),
        "metrics": {},
        "groups": {},
    }
    (path,) = _write(into, (MODEL_CARD,), facts)
    return path


def read_facts(files: Path) -> dict[str, Any]:
    """What a run's files say, by topic; CommuniqueError where one is missing or no JSON."""
    facts: dict[str, Any] = {topic: _read(files / f"{name}.json") for topic, name in FILES.items()}
    measured = {path.name.split(".")[1]: _read(path) for path in sorted(files.glob("metrics.*.json"))}
    facts["run_id"] = facts["provenance"].get("run", "")
    facts["groups"] = measured.pop("groups", {})
    facts["metrics"] = measured
    folds = facts["folds"]["folds"]
    facts["thresholds"] = folds[0]["thresholds"] if len(folds) == 1 else {}
    facts["provenance"].setdefault("name", facts["config"].get("name", facts["model"]["kind"]))
    return facts


def varied(runs: Sequence[RunRecord]) -> dict[str, list[str]]:
    """The parameters that differ between runs of a study, with the values tried, in the order of trying."""
    tried: dict[str, list[str]] = {}
    for run in runs:
        for key, value in run.params.items():
            if not key.startswith(BESIDE) and value not in tried.setdefault(key, []):
                tried[key].append(value)
    return {key: values for key, values in sorted(tried.items()) if len(values) > 1}


def _scores(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    key = "macro_f1.value"
    return [
        {
            "id": run.id,
            "name": run.name,
            "seed": run.params.get("seed", ""),
            "validation": run.metrics.get(f"validation.{key}"),
            "test": run.metrics.get(f"test.{key}"),
        }
        for run in runs
    ]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommuniqueError(
            f"{path}: cannot be read ({error.strerror}); the run is of a version that wrote no cards: train it again"
        ) from error
    except ValueError as error:
        raise CommuniqueError(f"{path}: is not valid JSON; train the run again") from error
    if not isinstance(content, dict):
        raise CommuniqueError(f"{path}: is no JSON object; train the run again")
    return content


def _write(folder: Path, names: Sequence[str], facts: Mapping[str, Any]) -> list[Path]:
    """Fill the templates of these names, all of them before the first is written."""
    if is_model_folder(folder):
        raise CommuniqueError(f"{folder}: is a model folder, every byte of which is checked; name another folder")
    environment = Environment(
        loader=PackageLoader("communique.reporting"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {"cell": _cell, "interval": _interval, "points": _points}
    texts = {folder / name: environment.get_template(f"{name}.j2").render(facts) for name in names}
    write_texts(texts)
    return list(texts)


def _cell(value: object) -> str:
    """A value in a cell of a Markdown table."""
    return " ".join(str(value).split()).replace("|", "\\|")


def _interval(value: Mapping[str, float]) -> str:
    return show(Interval(value["value"], value["low"], value["high"]))


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
