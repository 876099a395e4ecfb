"""Learning curves: the leaderboard's figures by share, and an oracle that cuts where the measured part is best cut."""

import numpy as np
import pytest
from sklearn.metrics import f1_score
from tests.evaluation.planted import LABELS, table

from communique.errors import CommuniqueError
from communique.evaluation.comparison import compare
from communique.evaluation.learning_curve import learning_curve
from communique.evaluation.plots import learning_curve_plot
from communique.evaluation.predictions import System, indicator_matrix


def at(share: float, noise: float, sentences: float = float("nan")) -> System:
    tables = tuple(table(noise, seed) for seed in (1, 2))
    return System(f"x at {share}", tables, recipe="x", share=share, sentences=sentences)


SYSTEMS = [at(1.0, 0.1, 2000), at(0.1, 0.4, 200), at(0.5, 0.2, 1000)]


def test_points_rise_by_share_and_are_those_of_the_leaderboard() -> None:
    curve = learning_curve("x", SYSTEMS, resamples=100)
    assert [point.share for point in curve.points] == [0.1, 0.5, 1.0]
    assert [point.sentences for point in curve.points] == [200, 1000, 2000]
    rows = {row.name: row for row in compare(SYSTEMS, resamples=100, rounds=10).rows}
    for point in curve.points:
        row = rows[f"x at {point.share}"]
        assert point.macro_f1.value == pytest.approx(row.macro_f1.value)
        assert (point.macro_f1.low, point.macro_f1.high) == pytest.approx((row.macro_f1.low, row.macro_f1.high))
        assert point.fits == pytest.approx(row.seeds)


def test_the_oracle_undoes_a_bad_cut() -> None:
    spoilt = table(0.0)
    for label in LABELS:  # ranks perfectly, and is cut above every probability
        spoilt[f"prob_{label}"] *= 0.5
    spoilt["predicted"] = ""
    (point,) = learning_curve("x", [System("x", (spoilt,))], resamples=20).points
    assert point.macro_f1.value == 0
    assert point.oracle == 1


def test_the_oracle_is_the_best_that_any_cut_gives() -> None:
    noisy = table(0.35)
    (point,) = learning_curve("x", [System("x", (noisy,))], resamples=20).points
    gold = indicator_matrix(noisy["labels"], LABELS)
    best = [
        max(f1_score(gold[:, c], noisy[f"prob_{label}"] >= cut) for cut in noisy[f"prob_{label}"])
        for c, label in enumerate(LABELS)
    ]
    assert point.oracle == pytest.approx(np.mean(best))
    assert point.oracle >= point.macro_f1.value


def test_one_share_twice_is_refused() -> None:
    with pytest.raises(CommuniqueError, match=r"share 0\.5 stands twice"):
        learning_curve("x", [at(0.5, 0.1), at(0.5, 0.2)], resamples=5)


@pytest.mark.parametrize("sentences", [500.0, float("nan")])
def test_a_curve_is_drawn_to_a_file_by_sentences_or_where_unknown_by_percent(sentences: float, tmp_path) -> None:
    curve = learning_curve("costs $5", [at(1.0, 0.1, sentences), at(0.5, 0.3, sentences / 2)], resamples=20)
    learning_curve_plot([curve], tmp_path / "curve.svg")
    text = (tmp_path / "curve.svg").read_text(encoding="utf-8")
    assert ("training documents, percent" in text) == np.isnan(sentences)
    assert "oracle" in text
    assert "costs $5" in text
    assert len(curve.to_frame()) == 2
