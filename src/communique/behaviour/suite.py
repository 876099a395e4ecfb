"""The behavioural suite: minimum-functionality, directional and invariance tests (Ribeiro et al. 2020, CheckList).

The tests are built and all their texts put to the model at once; rows, changes and worst cases are then counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from communique.behaviour.answers import Answers
from communique.behaviour.edits import EDITS
from communique.behaviour.outcomes import Edited, Outcome, directional, invariant, minimum
from communique.behaviour.probe import FEWEST, actor_rows, find_carriers, probed
from communique.behaviour.rates import pass_rate
from communique.behaviour.report import BehaviourReport, ChangeRow, RateRow, WorstCase
from communique.data.contrast import Case, Pair
from communique.data.dataset import Sentence
from communique.errors import CommuniqueError
from communique.models.base import StanceModel

WORST = 5  # failures kept a row
# what an edit of the minimal pairs tests, where its name does not say so; others are shown by their own names
CAPABILITIES = {
    "negate": "negation",
    "attribute_private": "private attribution",
    "nested_report": "reported stance",
    "reported": "direct and indirect speech",
    "opposite": "opposite stance",
    "add_stance": "multi stance",
    "swap_actors": "swapped actors",
    "edge": "edges of the codebook",
}


def behave(
    model: StanceModel,
    contrast: Sequence[Pair],
    cases: Sequence[Case],
    sentences: Sequence[Sentence],
    *,
    sample: int = 500,
    carriers: int = 50,
    margin: float = 0.05,
    seed: int = 0,
    progress: bool = False,
) -> BehaviourReport:
    """Try a fitted model on minimal pairs, single cases and edits of ``sentences`` it was not trained on.

    Each generated edit is made to ``sample`` sentences, actors' names are put into ``carriers`` without labels;
    ``margin`` is by how much a pair's probability must move the right way. Any of the three inputs may be empty.
    Raises CommuniqueError for an impossible setting, a label the model does not know, or a model without thresholds.
    """
    _check(sample, carriers, margin)
    _check_labels(contrast, cases, model.labels)
    slots = find_carriers(sentences, carriers, np.random.default_rng(seed))
    edited = [*_still_pairs(contrast), *_edited(sentences, sample, seed)]
    named = [carrier.naming(actor) for carrier in slots for actor in probed()]
    answers = Answers(model, [*_texts(contrast, cases, edited), *named], progress)
    outcomes = list(_outcomes(contrast, cases, edited, answers, model.labels, margin))
    if not outcomes:
        raise CommuniqueError("behave: there is nothing to try; give minimal pairs, cases or sentences")
    return BehaviourReport(
        model=model.name,
        fingerprint=model.fingerprint,
        labels=tuple(model.labels),
        titles=model.titles,
        settings={"sample": sample, "margin": margin, "seed": seed},
        carriers=len(slots),
        rows=tuple(_rows(outcomes)),
        changes=tuple(_changes(edited, answers, model.labels)),
        worst=tuple(_worst(outcomes)),
        actors=actor_rows(slots, answers, model.labels),
        notes=_notes(sentences, sample, len(slots)),
    )


def _check(sample: int, carriers: int, margin: float) -> None:
    if sample < 0 or carriers < 0:
        raise CommuniqueError(f"behave: {sample} sentences and {carriers} carriers; neither can be below 0")
    if not 0 <= margin < 1:
        raise CommuniqueError(f"behave: margin {margin} must lie between 0 and 1, as in 0.05")


def _check_labels(contrast: Sequence[Pair], cases: Sequence[Case], labels: Sequence[str]) -> None:
    items: list[Sentence | Case] = [*cases, *(side for pair in contrast for side in pair.sides)]
    for item in items:
        if unknown := sorted(item.labels - set(labels)):
            raise CommuniqueError(
                f"sentence '{item.id}' carries '{unknown[0]}', which the model does not know (only {', '.join(labels)})"
            )


def _notes(sentences: Sequence[Sentence], sample: int, carriers: int) -> tuple[str, ...]:
    notes = []
    if sample > len(sentences):
        notes.append(f"each edit was to be made to {sample:,} sentences, but only {len(sentences):,} are there")
    if carriers < FEWEST:
        notes.append(f"{carriers} unlabelled sentences name one state; actors' names need at least {FEWEST}")
    return tuple(notes)


def _texts(contrast: Iterable[Pair], cases: Iterable[Case], edited: Iterable[Edited]) -> Iterator[str]:
    yield from (side.text for pair in contrast for side in pair.sides)
    yield from (case.text for case in cases)
    yield from (text for item in edited for text in (item.before, item.after))


def _capability(name: str) -> str:
    return CAPABILITIES.get(name, name.replace("_", " "))


def _still_pairs(contrast: Iterable[Pair]) -> Iterator[Edited]:
    for pair in contrast:
        if not pair.moves:
            yield Edited(_capability(pair.kind), f"pair {pair.id}", pair.sides[0].text, pair.sides[1].text)


def _edited(sentences: Sequence[Sentence], sample: int, seed: int) -> Iterator[Edited]:
    """Of every edit as many sentences as ``sample`` says, the first in one random order that it applies to."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(sentences))
    for name, edit in EDITS.items():
        edits = ((sentences[row], edit(sentences[row].text, rng)) for row in order)
        applied = (Edited(name, s.document, s.text, after) for s, after in edits if after is not None)
        yield from islice(applied, sample)


def _outcomes(
    contrast: Sequence[Pair],
    cases: Sequence[Case],
    edited: Sequence[Edited],
    answers: Answers,
    labels: Sequence[str],
    margin: float,
) -> Iterator[Outcome]:
    for case in cases:
        yield minimum(_capability(case.capability), case, answers, labels)
    for pair in contrast:
        if pair.moves:
            yield from directional(_capability(pair.kind), pair, answers, labels, margin)
    for item in edited:
        yield invariant(item, answers, labels)


def _grouped(outcomes: Iterable[Outcome]) -> dict[tuple[str, str, str], list[Outcome]]:
    groups: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.row, []).append(outcome)
    return groups


def _rows(outcomes: Iterable[Outcome]) -> Iterator[RateRow]:
    for key, group in _grouped(outcomes).items():
        passed = [outcome.passed for outcome in group]
        rate = pass_rate(passed, [outcome.cluster for outcome in group])
        yield RateRow(*key, len(group), sum(passed), rate.value, rate.low, rate.high)


def _worst(outcomes: Iterable[Outcome]) -> list[WorstCase]:
    """Of every row the failures that are most wrong, and all of them from the worst down."""
    kept: list[WorstCase] = []
    for group in _grouped(outcomes).values():
        failed = [outcome.case for outcome in group if not outcome.passed]
        kept += sorted(failed, key=lambda case: -case.wrong)[:WORST]
    return sorted(kept, key=lambda case: -case.wrong)


def _changes(edited: Iterable[Edited], answers: Answers, labels: Sequence[str]) -> Iterator[ChangeRow]:
    groups: dict[str, list[Edited]] = {}
    for item in edited:
        groups.setdefault(item.capability, []).append(item)
    for capability, items in groups.items():
        before = answers.stacked(item.before for item in items)
        after = answers.stacked(item.after for item in items)
        flips = before.decided != after.decided
        moved = np.abs(after.probabilities - before.probabilities).mean(axis=0)
        clusters = [item.cluster for item in items]
        for i, label in enumerate(labels):
            rate = pass_rate(flips[:, i], clusters)
            ends = (rate.value, rate.low, rate.high)
            yield ChangeRow(capability, label, len(items), int(flips[:, i].sum()), *ends, float(moved[i]))
