"""How much of an archive carries a label, corrected for the classifier's errors by a random labelled sample.

Every sentence of the archive is scored and some, drawn at random, are labelled too, so the labelled are a sample *of*
the scored. The share is the difference estimator of survey sampling (Särndal, Swensson & Wretman 1992, ch. 6), which is
prediction-powered inference with power tuning (Angelopoulos et al. 2023; PPI++, Angelopoulos, Duchi & Zrnic 2023):

    mean over the archive of power * predicted  +  weighted mean over the labelled of (gold - power * predicted)

It is right for any classifier; a better one only makes it sharper. Two targets have the same share and other intervals:

- ``archive``: the share in these very documents. All chance lies in which units were drawn to be labelled, so its
  variance is that of the recorded design, with the unit that was drawn (sentence, or whole document) as the cluster,
  and with the finite-population correction: an archive labelled whole has no uncertainty.
- ``superpopulation``: the rate of the source from which these documents are themselves a sample. Sums over documents
  of both parts, predicted and labelled, give a cluster-robust variance; it is the larger one.

Arrays in, results out; rows are sentences, or documents where shares of documents are wanted.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any, Literal

import numpy as np
from scipy.stats import beta, t

from communique.errors import CommuniqueError
from communique.evaluation.resampling import Interval

Array = np.ndarray[Any, Any]
Target = Literal["archive", "superpopulation"]
TARGETS = ("archive", "superpopulation")

ENOUGH_DOCUMENTS = 30  # labelled documents below which no interval is given
ENOUGH_EACH = 5  # rows with, and rows without, the label below which the exact interval of the labels alone is given
UNSEEN = 1.0  # one more wrong row than was seen, the heaviest, goes into the variance: no sample shows no errors


@dataclass(frozen=True, eq=False)
class Draw:
    """Which rows of an archive were labelled, and how they came to be drawn.

    ``rows (n,)`` are the labelled rows; ``unit (n,)`` numbers from 0 the unit by which each was drawn (itself, or its
    document), ``stratum (U,)`` the stratum of each unit, ``population (H,)`` counts the units of each stratum in the
    archive, ``weight (n,)`` is the inverse of each row's inclusion probability.
    """

    rows: Array
    unit: Array
    stratum: Array
    population: Array
    weight: Array

    @classmethod
    def make(
        cls, rows: Array, unit: Array, stratum: Array, population: Array, completeness: Array | None = None
    ) -> "Draw":
        """A draw whose weights are units in the archive over units labelled, stratum by stratum.

        ``completeness (n,)`` is the labelled share of each row's unit where units were not labelled whole.
        Raises CommuniqueError where a stratum of several units has only one labelled: it shows no variation.
        """
        drawn = np.bincount(stratum, minlength=len(population))
        if thin := [h for h, size in enumerate(population) if drawn[h] < min(2, size)]:
            raise CommuniqueError(
                f"stratum {thin[0] + 1} has {drawn[thin[0]]} labelled units; label at least 2 in each"
            )
        weight = (population / np.maximum(drawn, 1))[stratum[unit]]
        return cls(rows, unit, stratum, population, weight if completeness is None else weight / completeness)

    @classmethod
    def simple(cls, rows: Array, population: int) -> "Draw":
        """A simple random sample of rows without replacement."""
        number = len(rows)
        return cls.make(rows, np.arange(number), np.zeros(number, dtype=int), np.array([population]))


@dataclass(frozen=True)
class Share:
    """One corrected share with its interval.

    ``labelled`` rows of ``documents`` documents stand behind it; ``power`` is the weight the predictions got (0: labels
    alone, whose exact interval it then is); ``more`` labelled units of this design would halve the interval, None where
    no number of labels can, because the archive itself is too small a sample of its source.
    """

    interval: Interval
    standard_error: float
    labelled: int
    documents: int
    power: float
    more: int | None


def tune_power(gold: Array, predicted: Array, draw: Draw) -> tuple[float, float]:
    """The power with the least variance, and what is left of the variance of the labels alone (0 to 1).

    ``gold`` and ``predicted`` are ``(n,)``, at the labelled rows. Minimises the sum over drawn units, as PPI++ does for
    rows; one power serves all groups, so that a small group does not fit its own.
    """
    by_gold, by_predicted = (_unit_sums(draw, draw.weight * _centred(draw.weight, v)) for v in (gold, predicted))
    spread, total = float(by_predicted @ by_predicted), float(by_gold @ by_gold)
    if spread <= 0 or total <= 0:
        return 0.0, 1.0
    power = float(by_gold @ by_predicted) / spread
    return power, float(((by_gold - power * by_predicted) ** 2).sum()) / total


def best_predictor(gold: Array, candidates: Sequence[Array], draw: Draw) -> tuple[int, float]:
    """Which of several predictions ``(N,)`` (a probability, a decision) leaves the least variance, and its power."""
    tuned = [tune_power(gold, candidate[draw.rows], draw) for candidate in candidates]
    best = min(range(len(tuned)), key=lambda i: tuned[i][1])
    return best, tuned[best][0]


def corrected_share(
    gold: Array,
    predicted: Array,
    documents: Array,
    draw: Draw,
    power: float,
    *,
    group: Array | None = None,
    target: Target = "archive",
    level: float = 0.95,
) -> Share | None:
    """The share of rows with the label in a group of rows, None where too few documents are labelled to know.

    ``gold (n,)`` is 0 or 1 at ``draw.rows``, ``predicted (N,)`` a number for every row, ``documents (N,)`` the number
    of each row's document, ``group (N,)`` marks the rows that count. The interval is ``value ± t * standard error``,
    cut at 0 and 1 as is the value, with labelled documents - 1 degrees of freedom, or fewer where weights are so
    unequal that these rows are worth fewer (Kish 1965). Where fewer than ``ENOUGH_EACH`` labelled rows have, or lack,
    the label, it is the exact interval of the labels alone (Clopper & Pearson 1934), with documents for its sample size
    where documents were drawn, or are themselves a sample of their source (Korn & Graubard 1998 with the safest design
    effect); of the archive it claims nothing that its labels rule out, and ``more`` supposes that it narrows with the
    root of n. Rows of unequal weight count, there and for ``ENOUGH_EACH``, for what they are worth beside the heaviest
    (Fay & Feuer 1997).
    """
    if target not in TARGETS:
        raise CommuniqueError(f"target '{target}': choose one of {', '.join(TARGETS)}")
    inside = np.ones(len(predicted), dtype=bool) if group is None else group
    member = inside[draw.rows]
    held = documents[draw.rows[member]]
    clusters = len(np.unique(held))
    if clusters < ENOUGH_DOCUMENTS:
        return None
    weight, positive = draw.weight[member] / draw.weight[member].sum(), gold[member]
    if min(_worth(positive, weight), _worth(1 - positive, weight)) < ENOUGH_EACH:
        return _of_few(positive, weight, draw.unit[member], held, documents[inside], target, level)
    part = _Part(gold, predicted, documents, draw, power, inside, member)
    of_design, of_target = part.design_variance(), part.variance(target)
    freedom = min(clusters, 1 / float(weight @ weight)) - 1
    reach = float(t.ppf((1 + level) / 2, freedom)) * float(np.sqrt(of_target))
    value = min(max(part.value, 0.0), 1.0)  # where predictions err otherwise than in the sample it may lie beyond
    interval = Interval(value, max(value - reach, 0.0), min(value + reach, 1.0))
    more = _to_halve(of_design, of_target, part.units, part.units_in_archive)
    return Share(interval, float(np.sqrt(of_target)), len(held), clusters, power, more)


class _Part:
    """The estimator in one group, with the influence of every labelled row on it."""

    def __init__(
        self, gold: Array, predicted: Array, documents: Array, draw: Draw, power: float, inside: Array, member: Array
    ) -> None:
        self.predicted, self.documents, self.draw, self.power, self.inside = predicted, documents, draw, power, inside
        self.labelled = len(np.unique(documents[draw.rows[member]]))
        weight = np.where(member, draw.weight, 0.0)
        error = gold - power * predicted[draw.rows]
        correction = float(weight @ error) / weight.sum()
        self.mean = float(predicted[inside].mean())
        self.value = float(power * self.mean + correction)
        self.influence = weight * (error - correction) / weight.sum()
        self.rows = int(member.sum())
        self.units = len(np.unique(draw.unit[member]))
        self.units_in_archive = float(weight.sum() * self.units / self.rows)
        self.heaviest = float(weight.max() / weight.sum())

    def variance(self, target: Target) -> float:
        return self.design_variance() if target == "archive" else self.document_variance()

    def design_variance(self) -> float:
        """Over what else the recorded design could have drawn."""
        sums, draw, total = _unit_sums(self.draw, self.influence), self.draw, 0.0
        for stratum, population in enumerate(draw.population):
            here = sums[draw.stratum == stratum]
            left = 1 - len(here) / population
            if left > 0:
                total += left * len(here) / (len(here) - 1) * float(((here - here.mean()) ** 2).sum())
        return total + max(1 - self.units / max(self.units_in_archive, self.units), 0.0) * self._unseen()

    def document_variance(self) -> float:
        """Over what other documents the source could have given, and what of them had been drawn."""
        rows = np.flatnonzero(self.inside)
        of_predicted = self.power * (self.predicted[rows] - self.mean) / len(rows)
        size = int(self.documents.max()) + 1
        sums = np.bincount(self.documents[rows], of_predicted, size)
        sums += np.bincount(self.documents[self.draw.rows], self.influence, size)
        return self.labelled / (self.labelled - 1) * float(sums @ sums) + self._unseen()

    def _unseen(self) -> float:
        return UNSEEN * self.heaviest**2 * self.rows / self.units


def _unit_sums(draw: Draw, values: Array) -> Array:
    return np.bincount(draw.unit, values, len(draw.stratum))


def _centred(weight: Array, values: Array) -> Array:
    return np.asarray(values - np.average(values, weights=weight))


def _of_few(
    gold: Array, weight: Array, unit: Array, held: Array, documents: Array, target: Target, level: float
) -> Share:
    """The exact share from labels ``gold (n,)`` in documents ``held (n,)`` of rows in ``documents (N,)``."""
    units, clusters, whole = len(np.unique(unit)), len(np.unique(held)), len(np.unique(documents))
    single = units == len(held)
    share = _exact(gold, weight, units if single and target == "archive" else clusters, clusters, level)
    if target == "superpopulation":  # only other documents tell more of their source
        return replace(share, more=3 * units if 4 * clusters <= whole else None)
    left = len(documents) - units if single else whole - clusters
    return replace(_as_far_as_known(share, gold, len(documents)), more=min(3 * units, left))


def _exact(gold: Array, weight: Array, size: int, clusters: int, level: float) -> Share:
    """Clopper and Pearson's interval from the labels alone; the caller says how many more would halve it.

    ``gold`` and ``weight``, which sums to 1, are ``(n,)``; ``size`` independent units stand behind the n rows.
    """
    tail, rows = (1 - level) / 2, len(gold) / size  # a unit of several rows weighs as much as they do
    if 2 * gold.sum() <= len(gold):
        low, high = _ends(gold / rows, weight * rows, tail)
    else:
        low, high = (1 - end for end in reversed(_ends((1 - gold) / rows, weight * rows, tail)))
    error = (high - low) / (2 * float(t.ppf(1 - tail, clusters - 1)))
    return Share(Interval(float(weight @ gold), low, high), error, len(gold), clusters, 0.0, None)


def _as_far_as_known(share: Share, gold: Array, rows: int) -> Share:
    """The share within what the labels ``gold (n,)`` leave possible in an archive of so many rows.

    The exact interval knows no finite population: the rows with the label, and those without, are that many at least.
    """
    ends = float(gold.sum()) / rows, (rows - float((1 - gold).sum())) / rows
    value, low, high = (float(np.clip(one, *ends)) for one in asdict(share.interval).values())
    narrowed = (high - low) / (share.interval.high - share.interval.low)
    return replace(share, interval=Interval(value, low, high), standard_error=share.standard_error * narrowed)


def _ends(hits: Array, weight: Array, tail: float) -> tuple[float, float]:
    """Both ends for the rarer of two answers, also where rows weigh unequally.

    Fay & Feuer (1997, Statistics in Medicine 16) bound a weighted sum of counts as if it were one count, with one hit
    of the heaviest weight more for the upper end: hits among light rows do not show how rare they are among heavy ones.
    Their gamma quantiles (Poisson) are beta ones here (binomial); equal weights leave Clopper & Pearson's interval.
    """
    low, high = 0.0, 1.0
    if hits.any():
        count, rows = _as_binomial(hits, weight, 0.0)
        low = float(beta.ppf(tail, count, rows - count + 1))
    count, rows = _as_binomial(hits, weight, float(weight.max()))
    if count < rows + 1:
        high = float(beta.ppf(1 - tail, count, rows - count + 1))
    return low, high


def _as_binomial(hits: Array, weight: Array, more: float) -> tuple[float, float]:
    """The hits, and out of how many, whose share has the mean and variance of these and one of weight ``more``."""
    share = float(weight @ hits) + more
    rows = share / (float(weight**2 @ hits) + more**2)
    return rows * share, rows


def _worth(hits: Array, weight: Array) -> float:
    """How many hits among equal rows would tell as much as these do, beside one that the heaviest row might hide."""
    return round(_as_binomial(hits, weight, float(weight.max()))[0] - 1, 9)


def _to_halve(of_design: float, of_target: float, units: int, population: float) -> int | None:
    """More units to label until the variance is a quarter; what the archive itself contributes stays.

    The design's variance goes with ``1 / units - 1 / population``.
    """
    population = max(population, units)
    if of_target <= 0:
        return 0
    wanted = of_target / 4 - max(of_target - of_design, 0.0)
    if wanted <= 0:
        return None
    per_unit = of_design / max(1 / units - 1 / population, 1e-300)
    return ceil(1 / (wanted / per_unit + 1 / population)) - units
