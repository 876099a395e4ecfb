"""Do the intervals hold the truth as often as they say, and are p-values uniform where systems are equally good?

Usage: python experiments/checks/coverage.py [CORPORA]    prints Markdown tables (default: 500 corpora a row)

Corpora are planted so that documents matter: each has its own prevalences and its own luck with every system. The
truth is a system's figure on 160,000 documents.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy.special import expit
from scipy.stats import kstest

from communique.evaluation.calibration_interval import calibration_error_intervals
from communique.evaluation.comparison import randomisation_p
from communique.evaluation.figures import SUMMARY, FitFigures, mean_figures
from communique.evaluation.resampling import Interval, Method, replicate

METHODS: tuple[Method, ...] = ("percentile", "bca")
console = Console(stderr=True)


@dataclass(frozen=True)
class World:
    """How corpora come about: labels, sentences a document (from, below), and how much documents differ."""

    labels: int = 3
    sentences: tuple[int, int] = (5, 26)
    luck: float = 0.7

    def draw(self, rng: np.random.Generator, documents: int, systems: Sequence[int] = (1,)) -> list[list[FitFigures]]:
        """The fits of equally good systems, so many a system, on one new corpus."""
        document = np.repeat(np.arange(documents), rng.integers(*self.sentences, documents))
        gold = (rng.random((len(document), self.labels)) < rng.beta(2, 6, (documents, self.labels))[document]).astype(
            int
        )
        names = [f"{number:06d}" for number in document]
        return [self._fits(rng, gold, document, names, fits) for fits in systems]

    def _fits(
        self, rng: np.random.Generator, gold: np.ndarray, document: np.ndarray, names: list[str], fits: int
    ) -> list[FitFigures]:
        shape = (document.max() + 1, self.labels)
        shared = -1.2 + 2 * gold + rng.normal(0, self.luck, shape)[document] + rng.normal(0, 0.8, gold.shape)
        found = []
        for _ in range(fits):
            p = expit(shared + rng.normal(0, 0.6, gold.shape))
            found.append(FitFigures(gold, p, (p >= 0.5).astype(int), names))
        return found


def truth(world: World, documents: int = 20_000, corpora: int = 8) -> np.ndarray:
    """The figures of a system on very many documents, as the mean over very large corpora."""
    drawn = (world.draw(np.random.default_rng([1, i]), documents)[0] for i in range(corpora))
    return np.mean([mean_figures(system)(np.ones((1, documents)))[0] for system in drawn], axis=0)


def intervals(fits: Sequence[FitFigures], resamples: int, seed: int) -> dict[Method, list[Interval]]:
    """The intervals of the summaries by each method, as ``communique compare`` makes them."""
    drawn = replicate(mean_figures(fits), len(fits[0].sizes), resamples=resamples, seed=seed, leave_out=True)
    error = calibration_error_intervals(fits, resamples=resamples, seed=seed)[0]
    found = {method: drawn.intervals(method=method)[: len(SUMMARY)] for method in METHODS}
    return {method: [*figures[:-1], error] for method, figures in found.items()}


def coverage(
    world: World, documents: int, corpora: int, true: np.ndarray, *, fits: int = 1, resamples: int = 1000
) -> dict[Method, np.ndarray]:
    """The share of corpora whose interval holds the true figures, by method and figure of ``SUMMARY``."""
    held = {method: np.zeros(len(SUMMARY)) for method in METHODS}
    for seed in track(range(corpora), f"{documents} documents", console=console, transient=True):
        (system,) = world.draw(np.random.default_rng([2, seed]), documents, (fits,))
        for method, found in intervals(system, resamples, seed).items():
            held[method] += [i.low <= value <= i.high for i, value in zip(found, true, strict=False)]
    return {method: count / corpora for method, count in held.items()}


def null_p_values(
    world: World, documents: int, corpora: int, systems: tuple[int, int] = (1, 1), rounds: int = 1000
) -> np.ndarray:
    """p-values of two equally good systems of so many fits, one a corpus."""
    found = []
    for seed in track(range(corpora), f"p, {documents} documents", console=console, transient=True):
        pair = world.draw(np.random.default_rng([3, seed]), documents, systems)
        a, b = (np.stack([fit.counts for fit in fits], axis=1) for fits in pair)
        found.append(randomisation_p(a, b, rounds, seed))
    return np.array(found)


def main(corpora: int = 500) -> None:
    """Print both tables."""
    print(f"Coverage of nominal 95% intervals, {corpora} corpora a row\n")
    print(f"| documents | fits | interval | {' | '.join(SUMMARY)} |\n|{'---|' * (3 + len(SUMMARY))}", flush=True)
    true = truth(World())
    for documents, fits in ((20, 1), (60, 1), (60, 3), (150, 1)):
        for method, shares in coverage(World(), documents, corpora, true, fits=fits).items():
            cells = " | ".join(f"{share:.3f}" for share in shares)
            print(f"| {documents} | {fits} | {method} | {cells} |", flush=True)
    print("\np-values of equally good systems\n")
    print("| documents | fits | p below 0.05 | p below 0.5 | Kolmogorov-Smirnov p |\n|---|---|---|---|---|")
    for documents, systems in ((20, (1, 1)), (60, (1, 1)), (60, (2, 3)), (150, (1, 1))):
        p = null_p_values(World(), documents, corpora, systems)
        below = f"{(p < 0.05).mean():.3f} | {(p < 0.5).mean():.3f}"
        print(f"| {documents} | {systems[0]}, {systems[1]} | {below} | {kstest(p, 'uniform').pvalue:.3f} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
