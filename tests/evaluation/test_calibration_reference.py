"""The calibrators beside what scikit-learn has of them, on the log-odds."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from communique.evaluation.calibration import IsotonicCalibrator, PlattCalibrator, TemperatureCalibrator


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Over-confident probabilities, gold, and fresh probabilities, ``(n, 1)`` each."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2.5, size=(1500, 1))
    gold = (rng.random(z.shape) < expit(0.5 * z - 0.7)).astype(int)
    return expit(z), gold, expit(rng.normal(0, 2.5, size=(400, 1)))


def test_platt_is_logistic_regression_on_the_logit_with_platts_targets(planted) -> None:
    p, gold, fresh = planted
    y, positives = gold[:, 0], gold.sum()
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (len(y) - positives + 2))
    # a soft target is the sentence twice, as positive and as negative, with the two weights
    doubled = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        np.vstack([logit(p), logit(p)]), np.repeat([1, 0], len(y)), sample_weight=np.concatenate([target, 1 - target])
    )
    ours = PlattCalibrator().fit(p, gold).transform(fresh)
    np.testing.assert_allclose(ours[:, 0], doubled.predict_proba(logit(fresh))[:, 1], atol=1e-5)


def test_temperature_is_logistic_regression_on_the_logit_without_an_intercept(planted) -> None:
    p, gold, fresh = planted
    reference = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(logit(p), gold[:, 0])
    ours = TemperatureCalibrator().fit(p, gold).transform(fresh)
    np.testing.assert_allclose(ours[:, 0], reference.predict_proba(logit(fresh))[:, 1], atol=1e-5)


def test_isotonic_is_isotonic_regression_with_its_ends_drawn_in(planted) -> None:
    p, gold, fresh = planted
    end = 1 / (len(p) + 2)
    reference = IsotonicRegression(y_min=end, y_max=1 - end, out_of_bounds="clip").fit(logit(p[:, 0]), gold[:, 0])
    ours = IsotonicCalibrator().fit(p, gold).transform(fresh)
    np.testing.assert_allclose(ours[:, 0], reference.predict(logit(fresh[:, 0])), atol=1e-12)
