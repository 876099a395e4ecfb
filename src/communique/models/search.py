"""Which hyper-parameters? Every point of a grid, by a score that the caller computes; this module splits no data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.progress import track
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from communique.errors import CommuniqueError
from communique.models.base import StanceModel


@dataclass(frozen=True)
class Chosen:
    """The best unfitted model of a grid, and every point of the grid with its score."""

    model: StanceModel
    record: dict[str, Any]


class GridSearch:
    """Tries all combinations of ``grid`` (argument of the model's constructor to values), by ``folds`` grouped folds.

    ``grid`` may be a list of such grids, as in scikit-learn's ParameterGrid. With ``repeats`` above 1 the score is a
    mean over as many cuts of the documents: the best of many noisy scores is otherwise chosen for its noise.
    CommuniqueError where there is nothing to try, or fewer than two folds or one repeat.
    """

    def __init__(
        self,
        grid: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]],
        folds: int = 5,
        repeats: int = 1,
    ) -> None:
        self.grid = grid
        self.folds = folds
        self.repeats = repeats
        for name, least in (("folds", 2), ("repeats", 1)):
            if not isinstance(value := getattr(self, name), int) or value < least:
                raise CommuniqueError(f"search: {name}={value} must be a whole number, at least {least}")
        self.points = _points(grid)

    def choose(self, model: StanceModel, score: Callable[[StanceModel], float]) -> Chosen:
        """The point with the highest score, the first of equals; CommuniqueError for an argument the model lacks."""
        known = model.get_params(deep=False)
        if unknown := sorted({name for point in self.points for name in point} - set(known)):
            raise CommuniqueError(f"search: {model.kind} has no argument '{unknown[0]}'; it has {', '.join(known)}")
        tried: list[dict[str, Any]] = []
        for point in track(self.points, description="hyper-parameters", transient=True):
            trial = clone(model).set_params(**point)
            tried.append({"parameters": point, "score": round(score(trial), 6)})
        best = max(tried, key=lambda entry: entry["score"])
        record = {"chosen": best, "folds": self.folds, "repeats": self.repeats, "tried": tried}
        return Chosen(clone(model).set_params(**best["parameters"]), record)


def _points(grid: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]) -> list[dict[str, Any]]:
    """All combinations of a grid's values."""
    try:
        points = list(ParameterGrid(grid))
    except (TypeError, ValueError) as error:  # values that are no list, or an empty one
        raise CommuniqueError(f"search: grid cannot be used ({' '.join(str(error).split())})") from error
    if not any(points):
        raise CommuniqueError("search: grid names nothing to try; give an argument of the model a list of values")
    return points
