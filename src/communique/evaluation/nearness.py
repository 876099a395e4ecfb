"""How near a probability lies to its threshold, on one scale for every label."""

import numpy as np


def nearness(probability: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How near each probability lies to its threshold, shape (texts, labels): 0 at it, 0.5 at certainty.

    The probability scale is stretched on both sides so that the threshold lies at one half; a margin thus means
    the same for a rare label with a low threshold as for a common one. At a threshold of 0.5 it is the plain
    distance.
    """
    limits = np.clip(np.asarray(thresholds, dtype=float), 1e-9, 1 - 1e-9)
    below = (limits - probability) / (2 * limits)
    above = (probability - limits) / (2 * (1 - limits))
    return np.where(probability < limits, below, above)
