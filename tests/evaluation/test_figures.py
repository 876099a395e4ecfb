"""Figures under weights: those of scikit-learn with sample weights, and those of ``evaluate`` with weights of one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_recall_fscore_support,
)

from communique.evaluation.calibration_interval import calibration_error_intervals
from communique.evaluation.figures import PER_LABEL, SUMMARY, FitFigures, figure_names, mean_figures
from communique.evaluation.metrics import evaluate
from communique.evaluation.resampling import replicate

NAMES = ("alpha", "beta", "gamma")


def case(seed=0, n=200, documents=25, share=0.3, digits=1):
    """Gold, probabilities with ties, decisions, document names."""
    rng = np.random.default_rng(seed)
    gold = (rng.random((n, 3)) < share).astype(int)
    p = np.round(np.clip(0.4 * gold + 0.6 * rng.random((n, 3)), 0, 1), digits)
    return gold, p, (p >= 0.5).astype(int), [f"document-{k:02d}" for k in rng.integers(0, documents, n)]


def columns(figures):
    return dict(zip(figure_names(NAMES), figures, strict=True))


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 80), share=st.floats(0, 1), digits=st.integers(1, 3))
def test_every_figure_under_weights_equals_scikit_learns_with_sample_weights(seed, n, share, digits):
    gold, p, said, names = case(seed, n, 7, share, digits)
    documents, rows = np.unique(names, return_inverse=True)
    weights = np.random.default_rng(seed).multinomial(len(documents), np.full(len(documents), 1 / len(documents)), 3)
    figures = FitFigures(gold, p, said, names)(weights.astype(float))
    for times, ours in zip(weights[:, rows], map(columns, figures), strict=True):
        weighted = {"sample_weight": times, "zero_division": 0}
        none = [1 - matrix.any(axis=1) for matrix in (gold, said)]
        assert ours["macro_f1", ""] == pytest.approx(f1_score(gold, said, average="macro", **weighted))
        assert ours["micro_f1", ""] == pytest.approx(f1_score(gold, said, average="micro", **weighted))
        assert ours["none_f1", ""] == pytest.approx(f1_score(*none, **weighted))
        assert ours["subset_accuracy", ""] == pytest.approx(accuracy_score(gold, said, sample_weight=times))
        theirs = np.transpose(precision_recall_fscore_support(gold, said, **weighted)[:3])
        for c, label in enumerate(NAMES):
            assert [ours[name, label] for name in ("precision", "recall", "f1")] == pytest.approx(list(theirs[c]))
            found = (gold[:, c] * times).any()
            ap = average_precision_score(gold[:, c], p[:, c], sample_weight=times) if found else 0
            assert ours["ap", label] == pytest.approx(ap)
            assert ours["brier", label] == pytest.approx(
                brier_score_loss(gold[:, c], p[:, c], sample_weight=times, pos_label=1)
            )


def test_under_equal_weights_they_are_those_of_evaluate():
    gold, p, said, names = case()
    ours = columns(FitFigures(gold, p, said, names)(np.ones((1, len(set(names)))))[0])
    theirs = evaluate(gold, p, said, names, NAMES, [0.5] * 3, resamples=5)
    means = {"ap": theirs.macro_ap, "brier": theirs.macro_brier, "ece": theirs.macro_ece}
    for name in SUMMARY:
        assert ours[name, ""] == pytest.approx(means[name] if name in means else getattr(theirs, name).value)
    for label in NAMES:
        assert [ours[name, label] for name in PER_LABEL] == pytest.approx(
            [getattr(theirs.labels[label], name) for name in PER_LABEL]
        )


def test_resamples_are_those_of_copying_whole_documents():
    gold, p, said, names = case(n=60, documents=8)
    documents = np.unique(names)
    drawn = replicate(FitFigures(gold, p, said, names), len(documents), resamples=20, seed=3)
    weights = np.random.default_rng(3).multinomial(len(documents), np.full(len(documents), 1 / len(documents)), 20)
    for times, ours in zip(weights, drawn.draws, strict=True):
        rows = [
            row for document, count in zip(documents, times, strict=True) for row in np.flatnonzero(
                np.array(names) == document).repeat(count)
        ]  # fmt: skip
        theirs = [average_precision_score(gold[rows, c], p[rows, c]) for c in range(3)]
        assert columns(ours)["ap", ""] == pytest.approx(np.mean(theirs))


def test_several_fits_are_averaged_figure_by_figure():
    names = case()[3]
    fits = [FitFigures(gold, p, said, names) for gold, p, said, _ in map(case, range(3))]
    weights = np.random.default_rng(0).integers(0, 3, (4, len(fits[0].sizes))).astype(float)
    assert mean_figures(fits)(weights) == pytest.approx(np.mean([fit(weights) for fit in fits], axis=0))


def test_calibration_error_intervals_start_at_nothing_where_chance_explains_the_figure():
    rng = np.random.default_rng(0)
    p = rng.random((600, 2))
    names = [f"{i // 10:02d}" for i in range(600)]
    honest, off = ((rng.random(p.shape) < chance).astype(int) for chance in (p, np.clip(p - 0.25, 0, 1)))
    fits = [FitFigures(gold, p, p >= 0.5, names) for gold in (honest, off)]
    good, bad = (calibration_error_intervals([fit], resamples=400) for fit in fits)
    assert good[0].low == 0
    assert good[0].value == pytest.approx(fits[0](np.ones((1, 60)))[0][SUMMARY.index("ece")])
    assert bad[0].low < 0.22 < bad[0].high  # the true error is 0.25 less what the clipping at 0 takes
    assert len(bad) == 3


def test_one_document_leaves_the_calibration_error_open():
    gold, p, said, names = case()
    (mean, *_) = calibration_error_intervals([FitFigures(gold, p, said, ["one"] * len(names))], resamples=5)
    assert (mean.low, mean.high) == (0, 1)
