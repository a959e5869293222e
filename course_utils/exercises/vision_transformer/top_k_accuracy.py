"""Exercise `top_k_accuracy`: right with k guesses."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.reference import learning as reference


def accuracy_cases(rng):
    def case(shows, k, batch=17, classes=7, scale=1.0):
        logits = scale * normal(rng, batch, classes)
        labels = rng.integers(classes, size=batch).astype("int32")
        # Some are right and some wrong, whatever was drawn: ranks 0 and 1, and the last.
        order = np.argsort(-logits, axis=1)
        labels[:3] = order[0, 0], order[1, 1], order[2, -1]
        return Case(shows, {"logits": logits, "labels": labels, "k": k}, label=f"k={k}")

    return [
        case("one guess", 1),
        case("some guesses", 2),
        case("some guesses", 5),
        case("as many guesses as classes", 7),
        case("large logits", 3, scale=1e4),
        case("fewer images than classes", 3, batch=5, classes=11),
        case("fewer images than classes", 1, batch=5, classes=11),
    ]


def ranked(logits):
    return np.argsort(-logits, axis=1)


def hits(guesses, labels):
    return (guesses == labels[:, None]).any(axis=1)


def share(guess):
    """The share of images whose label is among guess(logits, k), an array (B, k)."""
    return lambda logits, labels, k: hits(guess(logits, k), labels).mean()


def over_the_batch(logits, labels, k):
    best = np.argsort(-logits, axis=0)[:k]  # (k, K): rows of the batch
    classes = np.arange(logits.shape[1])
    chosen = np.zeros(logits.shape, bool)
    chosen[best, classes] = True
    return chosen[np.arange(len(labels)), labels].mean()


def sorted_over_the_batch(logits, labels, k):
    order = np.argsort(logits, axis=0)[:, -k:]
    return hits(order, labels).mean()


def outside(logits, labels, k):
    return 1 - hits(ranked(logits)[:, :k], labels).mean()


def places_for_ranks(logits, labels, k):
    order = np.argsort(-logits, axis=1)
    return (order[np.arange(len(labels)), labels] < k).mean()


LOWEST = (
    "You take the k lowest logits. argsort goes from low to high: take the last k of each row, "
    "[:, -k:], or sort -logits."
)
BATCH_AXIS = (
    "You sort along the batch, so images compete with each other. Each row is one image: sort "
    "along the last axis."
)

TOP_K_ACCURACY = Exercise(
    id="top_k_accuracy",
    title="Right with k guesses",
    points=2,
    reference=reference.top_k_accuracy,
    cases=accuracy_cases,
    outputs={"accuracy": ""},
    hints=(
        "For each image: which k classes does the model like best, and is the right one among "
        "them? Then the share of images for which it is.",
        "argsort along the last axis gives (B, K), the best class last. The last k columns against "
        "labels[:, None], (B, 1), give (B, k) of True and False; any over the last axis: (B,).",
        "guesses = argsort(logits, axis=-1)[:, -k:];  found = (guesses == labels[:, None])"
        ".any(axis=-1);  return float(found.mean())",
    ),
    mistakes=(
        Mistake("lowest k", share(lambda logits, k: ranked(logits)[:, ::-1][:, :k]), LOWEST),
        Mistake(
            "mean over k",
            lambda logits, labels, k: (ranked(logits)[:, :k] == labels[:, None]).mean(),
            "You take the mean over all k guesses, but only one of them can be right. Ask for each "
            "image whether any guess is right, then take the mean over the images.",
        ),
        Mistake(
            "argsort read as ranks",
            places_for_ranks,
            "You read argsort at the label as the label's rank. argsort gives the classes in the "
            "order of their logits, not the place of each class: look for the label among the "
            "first k of them.",
        ),
        Mistake("argsort over the batch", sorted_over_the_batch, BATCH_AXIS),
        Mistake("argsort over the batch", over_the_batch, BATCH_AXIS),
        Mistake(
            "counts instead of a share",
            lambda logits, labels, k: hits(ranked(logits)[:, :k], labels).sum(),
            "This counts the images. Divide by how many there are: an accuracy lies between 0 and "
            "1.",
        ),
        Mistake(
            "counts instead of a share",
            lambda logits, labels, k: float(hits(ranked(logits)[:, :k], labels).sum()),
            "This counts the images. Divide by how many there are: an accuracy lies between 0 and "
            "1.",
        ),
        Mistake(
            "in percent",
            lambda logits, labels, k: 100 * hits(ranked(logits)[:, :k], labels).mean(),
            "The number is right, in percent. Leave the 100 out: a share lies between 0 and 1.",
        ),
        Mistake(
            "one guess only",
            share(lambda logits, k: ranked(logits)[:, :1]),
            "Right for k = 1. You look at the best class only; the right one may be any of the k "
            "best.",
        ),
        Mistake(
            "the k-th guess only",
            share(lambda logits, k: ranked(logits)[:, k - 1 : k]),
            "Right for k = 1. You look at the k-th best class only; the right one may be any of "
            "the k best.",
        ),
        Mistake(
            "one guess too many",
            share(lambda logits, k: ranked(logits)[:, : k + 1]),
            "You take k + 1 guesses. [:, :k] are k columns, and so are [:, -k:].",
        ),
        Mistake(
            "one guess too few",
            share(lambda logits, k: ranked(logits)[:, : k - 1]),
            "You take k - 1 guesses. [:, :k] are k columns, and so are [:, -k:].",
        ),
        Mistake(
            "share of errors",
            outside,
            "This is the share of images where all guesses are wrong: the top-k error. The "
            "accuracy is 1 minus that.",
        ),
        Mistake(
            "one answer an image",
            lambda logits, labels, k: hits(ranked(logits)[:, :k], labels),
            "This is True or False for each image. Take the mean over them, for one number.",
        ),
        Mistake(
            "all k must be right",
            lambda logits, labels, k: (ranked(logits)[:, :k] == labels[:, None]).all(1).mean(),
            "You ask that all k guesses are the right class. Any of them is enough.",
        ),
        Mistake(
            "divided by the classes",
            lambda logits, labels, k: hits(ranked(logits)[:, :k], labels).sum() / logits.shape[1],
            "You divide by the number of classes. Divide by the number of images: logits.shape[0].",
        ),
        Mistake(
            "always right",
            lambda logits, labels, k: 1.0,
            "Yours is always 1. Is the label among the k highest logits of its row?",
        ),
    ),
)
