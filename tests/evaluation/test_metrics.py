import json
import warnings

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

from communique.errors import CommuniqueError
from communique.evaluation.metrics import Metrics, cluster_counts, evaluate, f1_of_counts, macro_f1, micro_f1
from communique.evaluation.resampling import widened_tails

NAMES = ("alpha", "beta", "gamma")


def random_case(seed=0, n=300, documents=40, labels=3, share=0.3):
    rng = np.random.default_rng(seed)
    gold = (rng.random((n, labels)) < share).astype(int)
    p = np.round(np.clip(0.3 * rng.random((n, labels)) + 0.4 * gold + 0.3 * rng.random((n, labels)), 0, 1), 2)
    names = [f"document-{k}" for k in rng.integers(0, documents, n)]
    return gold, p, (p >= 0.45).astype(int), names


def evaluated(gold, p, predicted, names, **settings):
    return evaluate(gold, p, predicted, names, NAMES, [0.45] * 3, **{"resamples": 50, **settings})


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), share=st.floats(0, 1), said=st.floats(0, 1))
def test_every_figure_equals_scikit_learns(seed, n, share, said):
    rng = np.random.default_rng(seed)
    gold, predicted = (rng.random((n, 3)) < share).astype(int), (rng.random((n, 3)) < said).astype(int)
    p = np.round(rng.random((n, 3)), 1)
    ours = evaluated(gold, p, predicted, [f"d{i % 7}" for i in range(n)], resamples=5)
    none = [1 - matrix.any(axis=1) for matrix in (gold, predicted)]
    assert ours.macro_f1.value == pytest.approx(f1_score(gold, predicted, average="macro", zero_division=0))
    assert ours.micro_f1.value == pytest.approx(f1_score(gold, predicted, average="micro", zero_division=0))
    assert ours.none_f1.value == pytest.approx(f1_score(*none, zero_division=0))
    assert ours.subset_accuracy.value == pytest.approx(accuracy_score(gold, predicted))
    theirs = np.transpose(precision_recall_fscore_support(gold, predicted, zero_division=0))
    for label, expected in zip(ours.labels.values(), theirs, strict=True):
        assert [label.precision, label.recall, label.f1, label.support] == pytest.approx(list(expected))


def test_average_precision_and_brier_equal_scikit_learns_with_tied_probabilities():
    gold, p, predicted, names = random_case()
    ours = evaluated(gold, p, predicted, names)
    for c, label in enumerate(ours.labels.values()):
        assert label.ap == pytest.approx(average_precision_score(gold[:, c], p[:, c]))
        assert label.brier == pytest.approx(brier_score_loss(gold[:, c], p[:, c]))
    assert ours.macro_ap == pytest.approx(average_precision_score(gold, p, average="macro"))


def test_a_single_label_is_not_averaged_with_its_complement():
    gold, p, predicted, names = random_case(labels=1)
    ours = evaluate(gold, p, predicted, names, ["alpha"], [0.45], resamples=20)
    assert ours.macro_f1.value == pytest.approx(f1_score(gold[:, 0], predicted[:, 0]))


def test_the_interval_is_that_of_copying_whole_documents_and_calling_scikit_learn():
    gold, _, predicted, names = random_case(n=90, documents=12)
    documents = np.array(names)
    distinct = np.unique(documents)
    ours = evaluated(*random_case(n=90, documents=12), resamples=200, seed=3)
    weights = np.random.default_rng(3).multinomial(len(distinct), np.full(len(distinct), 1 / len(distinct)), size=200)
    replicates = []
    for drawn in weights:
        rows = np.concatenate(
            [np.flatnonzero(documents == d) for d, times in zip(distinct, drawn, strict=True) for _ in range(times)]
        )
        replicates.append(f1_score(gold[rows], predicted[rows], average="macro", zero_division=0))
    low, high = np.quantile(replicates, widened_tails(0.95, len(distinct)))
    assert (ours.macro_f1.low, ours.macro_f1.high) == pytest.approx((low, high))


def test_errors_that_cluster_by_document_widen_the_interval():
    rng = np.random.default_rng(1)
    documents = np.repeat(np.arange(40), 20)
    gold = (rng.random((800, 3)) < 0.4).astype(int)
    bad = (rng.random(40) < 0.3)[documents][:, None]
    predicted = np.where(bad, 1 - gold, gold)
    p = np.where(predicted == 1, 0.9, 0.1)
    by_document = evaluated(gold, p, predicted, [str(d) for d in documents], resamples=500).macro_f1
    by_sentence = evaluated(gold, p, predicted, [str(i) for i in range(800)], resamples=500).macro_f1
    assert by_document.high - by_document.low > 2.5 * (by_sentence.high - by_sentence.low)


def test_counts_of_documents_add_up_to_those_of_the_whole_and_ignore_row_order():
    gold, _, predicted, names = random_case()
    counts = cluster_counts(gold, predicted, names)
    order = np.random.default_rng(0).permutation(len(names))
    shuffled = cluster_counts(gold[order], predicted[order], [names[i] for i in order])
    assert (counts == shuffled).all()
    assert (counts.sum(axis=0) == cluster_counts(gold, predicted, ["one"] * len(names))[0]).all()
    assert macro_f1(counts).shape == micro_f1(counts).shape == (len(counts),)
    assert f1_of_counts(np.zeros(3)) == 0


def test_the_result_is_plain_json_with_the_documented_keys_and_comes_back_equal():
    ours = evaluated(*random_case(documents=70))
    content = json.loads(json.dumps(ours.to_dict(), allow_nan=False))
    assert set(content) == {
        *("n", "documents", "macro_f1", "micro_f1", "none_f1", "subset_accuracy", "labels"),
        *("macro_ap", "macro_brier", "macro_ece", "interval", "bins"),
    }
    assert set(content["macro_f1"]) == {"value", "low", "high"}
    assert set(content["labels"]["beta"]) == {
        *("precision", "recall", "f1", "f1_low", "f1_high", "ap", "brier", "ece", "threshold", "support")
    }
    assert content["interval"] == {
        **{"method": "percentile", "level": 0.95, "resamples": 50},
        **{"unit": "document", "clusters": content["documents"], "warning": None},
    }
    assert content["bins"] == "equal_mass_15"
    assert Metrics.from_dict(content) == ours


def test_the_seed_decides_the_digits():
    case = random_case()
    assert evaluated(*case, seed=1) == evaluated(*case, seed=1)
    assert evaluated(*case, seed=1).macro_f1 != evaluated(*case, seed=2).macro_f1


def test_bca_is_recorded_and_gives_other_ends_than_percentile():
    case = random_case()
    bca = evaluated(*case, method="bca", resamples=500)
    assert bca.interval.method == "bca"
    assert bca.macro_f1 != evaluated(*case, resamples=500).macro_f1


def test_few_documents_and_a_label_without_gold_are_said_without_a_stray_warning():
    gold, p, predicted, names = random_case(documents=8)
    gold[:, 1] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = evaluated(gold, p, predicted, names)
    assert ours.labels["beta"].ap == ours.labels["beta"].f1 == 0
    assert "8 documents" in ours.interval.warning
    assert "no gold sentence for beta" in ours.interval.warning


def test_one_document_leaves_the_interval_open():
    gold, p, predicted, names = random_case()
    ours = evaluated(gold, p, predicted, ["same"] * len(names))
    assert (ours.macro_f1.low, ours.macro_f1.high) == (0, 1)
    assert "one document" in ours.interval.warning


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p": lambda p: np.where(p == p[3, 1], np.nan, p)}, "probability nan in row"),
        ({"p": lambda p: p + 1}, "between 0 and 1"),
        ({"p": lambda p: p[:, 0]}, "sentences by labels"),
        ({"gold": lambda gold: gold[:-1]}, "gold labels of shape"),
        ({"gold": lambda gold: gold * 2}, "other than 0 and 1"),
        ({"predicted": lambda q: q[:, :2]}, "predicted labels of shape"),
        ({"names": lambda names: names[:-1]}, "299 document names for 300"),
        ({"names": lambda names: [None, *names[1:]]}, "document in row 0"),
        ({"labels": lambda labels: labels[:2]}, "2 label names for 3"),
        ({"thresholds": lambda t: t[:2]}, "thresholds of shape"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(change, message):
    gold, p, predicted, names = random_case()
    given = {
        "gold": gold,
        "p": p,
        "predicted": predicted,
        "names": names,
        "labels": NAMES,
        "thresholds": [0.5] * 3,
    }
    for name, alter in change.items():
        given[name] = alter(given[name])
    with pytest.raises(CommuniqueError, match=message):
        evaluate(*given.values(), resamples=5)


def test_no_sentence_at_all_is_refused():
    empty = np.zeros((0, 3))
    with pytest.raises(CommuniqueError, match="no sentence"):
        evaluated(empty, empty, empty, [])
