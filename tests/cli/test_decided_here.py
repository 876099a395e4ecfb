"""A comparison on validation says where thresholds were chosen on it."""

from pathlib import Path

import pytest

from communique.cli import options
from communique.tracking.base import NullTracker, RunRecord


@pytest.mark.parametrize(
    ("part", "study", "fitted_on", "said"),
    [
        ("validation", "s", ["validation", "inner_folds"], True),
        ("validation", "s", [None], True),  # a run from before there was a choice
        ("validation", "s", ["inner_folds"], False),
        ("test", "s", ["validation"], False),
        ("validation", None, ["validation"], False),
    ],
)
def test_only_figures_of_the_part_that_decided_are_marked(
    part: str, study: str | None, fitted_on: list[str | None], said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Store(NullTracker):
        def runs(self, study: str) -> list[RunRecord]:
            params = [{"decision.fitted_on": place} if place else {} for place in fitted_on]
            return [RunRecord("i", "n", given, {}, {}, Path()) for given in params]

    monkeypatch.setattr(options, "open_tracker", lambda uri: Store())
    assert bool(options.decided_here(part, study, "uri")) == said
