"""On planted corpora whose truth is known, intervals hold it as often as they say and p-values are uniform."""

import pytest
from experiments.checks.coverage import World, coverage, null_p_values, truth
from scipy.stats import binom, kstest

from communique.evaluation.figures import SUMMARY

SMALL = World(labels=2, sentences=(4, 9))
CORPORA = 150


def test_ninety_five_percent_intervals_of_every_figure_hold_the_truth_about_as_often() -> None:
    least, most = binom.ppf([0.001, 0.9995], CORPORA, 0.95) / CORPORA
    shares = coverage(SMALL, 60, CORPORA, truth(SMALL, 5000, 2), resamples=200)
    for method, found in shares.items():
        for figure, share in zip(SUMMARY, found, strict=True):
            assert least <= share <= most, f"{method}, {figure}"


@pytest.mark.parametrize("fits", [(1, 1), (1, 2)])
def test_p_values_are_uniform_where_the_systems_are_equally_good(fits: tuple[int, int]) -> None:
    p = null_p_values(SMALL, 60, CORPORA, fits, rounds=100)
    assert kstest(p, "uniform").pvalue > 0.01
