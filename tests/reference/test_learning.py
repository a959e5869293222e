"""The learning rate and the accuracy against numbers worked by hand."""

import numpy as np
import pytest

from course_utils.reference.learning import learning_rate, top_k_accuracy


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, 0),
        (1, 0.2),
        (4, 0.8),
        (5, 1),  # the peak
        (7, (1 + np.sqrt(0.5)) / 2),  # a quarter of the way down
        (9, 0.5),  # half
        (11, (1 - np.sqrt(0.5)) / 2),
        (13, 0),
        (14, 0),
        (1000, 0),
    ],
)
def test_learning_rate_by_hand(step, expected):
    for peak in (1.0, 3e-4):
        found = learning_rate(step, peak, warmup_steps=5, total_steps=13)
        assert type(found) is float
        assert found == pytest.approx(peak * expected, abs=1e-12)


def test_learning_rate_without_warmup_starts_at_the_peak():
    assert learning_rate(0, 0.7, 0, 11) == 0.7
    rates = [learning_rate(step, 0.7, 0, 11) for step in range(12)]
    assert rates == sorted(rates, reverse=True)


def test_learning_rate_of_warmup_alone():
    rates = [learning_rate(step, 1.0, 4, 4) for step in range(6)]
    assert rates == [0, 0.25, 0.5, 0.75, 0, 0]


@pytest.mark.parametrize(("k", "share"), [(1, 0.25), (2, 0.5), (3, 0.75), (5, 1)])
def test_top_k_accuracy_by_hand(k, share):
    logits = np.array([[9, 1, 2, 3, 4], [0, 8, 9, 1, 2], [9, 8, 7, 0, 1], [5, 4, 3, 2, 1]])
    labels = np.array([0, 1, 2, 4])  # the best guess, the second, the third, the last
    found = top_k_accuracy(logits.astype("float32"), labels, k)
    assert type(found) is float
    assert found == pytest.approx(share)


def test_top_k_accuracy_equals_sorting():
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((101, 7)).astype("float32"), rng.integers(0, 7, 101)
    for k in (1, 2, 5):
        best = np.argsort(-logits, axis=1)[:, :k]
        expected = np.mean([label in row for label, row in zip(labels, best, strict=True)])
        assert top_k_accuracy(logits, labels, k) == pytest.approx(expected)
