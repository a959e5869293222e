"""Exercise `top_k_accuracy`: right with k guesses."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal
from course_utils.reference import learning as reference


def top_k_accuracy(logits, labels, k):
    guesses = np.argsort(-logits, axis=1)[:, :k]
    found = (guesses == labels[:, None]).any(axis=1)
    return found.mean()


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


THREE = {
    "logits": np.float32([[1, 3, 2, 0], [5, 4, 6, 0], [2, 1, 0, -1]]),
    "labels": np.array([1, 0, 2], "int32"),
}
LADDER = (
    by_hand(
        logits=np.float32([[1, 3, 2], [4, 5, 6], [1, -5, 0]]),
        labels=np.array([2, 1, 0], "int32"),
        k=1,
    ),
    by_hand(**THREE, k=2),
)


FOUND = "(guesses == labels[:, None]).any(axis=1)"
AT_THE_LABEL = "guesses[np.arange(len(labels)), labels] < k"
IN_COLUMN = "np.array([n in guesses[:, label] for n, label in enumerate(labels)])"

BATCH_AXIS = (
    "You sort along the batch, so images compete with each other. Each row is one image: sort "
    "along the last axis."
)
COUNTS = "This counts the images. Divide by how many there are: an accuracy lies between 0 and 1."

MISTAKES = (
    edited("lowest k", ("-logits", "logits"))(
        "You take the k lowest logits. argsort goes from low to high: take the last k of each "
        "row, [:, -k:], or sort -logits."
    ),
    edited("mean over k", (".any(axis=1)", ""))(
        "You divide by the number of all guesses, but only one of the k can be right. Divide by "
        "the number of images alone: does an image have a right guess, yes or no?"
    ),
    edited("argsort read as ranks", ("[:, :k]", ""), (FOUND, AT_THE_LABEL))(
        "You read argsort at the label as the label's rank. argsort gives the classes in the "
        "order of their logits, not the place of each class: look for the label among the first k "
        "of them."
    ),
    edited("argsort over the batch", ("-logits, axis=1", "logits, axis=0"), (":k]", "-k:]"))(
        BATCH_AXIS
    ),
    edited("argsort over the batch", ("axis=1)[:, :k]", "axis=0)[:k]"), (FOUND, IN_COLUMN))(
        BATCH_AXIS
    ),
    edited("counts instead of a share", ("mean", "sum"))(COUNTS),
    edited("counts instead of a share", ("found.mean()", "float(found.sum())"))(COUNTS),
    edited("in percent", ("return", "return 100 *"))(
        "The number is right, in percent. Leave the 100 out: a share lies between 0 and 1."
    ),
    edited("the best guess left out", (":k]", "1:k]"))(
        "Your best guess is missing: [:, -k:-1] stops before the last. k guesses are [:, -k:]."
    ),
    edited(
        "sorted logits instead of classes",
        ("np.argsort(-logits, axis=1)[:, :k]", "np.sort(logits, axis=1)[:, -k:]"),
    )(
        "You look for the labels among the logits themselves: sort gives the values. Which classes "
        "they belong to is what argsort gives."
    ),
    edited("minus outside", ("np.argsort(-logits, axis=1)", "(-np.argsort(logits, axis=1))"))(
        "The minus stands outside of argsort, and makes negative numbers of the classes. Sort "
        "-logits, or take the last k."
    ),
    edited(
        "among the guesses of all images",
        (FOUND, "np.array([label in guesses for label in labels])"),
    )(
        "You look for each label among the guesses of all images. Only those of its own image "
        "count: guesses[i] for labels[i]."
    ),
    *(
        edited("always as many guesses", (":k]", f":{number}]"))(
            "You take the same number of guesses whatever k is. Take k."
        )
        for number in (2, 3, 5, 10)
    ),
    edited("all labels at once", ("labels[:, None]", "labels"))(
        "Each image's guesses are compared with the labels of other images too. An image has one "
        "label: give labels an axis for the guesses, labels[:, None]."
    ),
    edited("the first image only", ("found.mean()", "found[0] / len(found)"))(
        "Only the first image counts, divided by the number of all. Does the loop end too early, "
        "with a return inside it?"
    ),
    edited("the first image only", ("found.mean()", "float(found[0])"))(
        "Only the first image counts. Does the loop end too early, with a return inside it?"
    ),
    edited("size instead of value", ("-logits", "-np.abs(logits)"))(
        "Right where no logit is below 0. A large negative logit says no, and louder than a small "
        "one: sort the logits as they are."
    ),
    edited("one guess only", (":k]", ":1]"))(
        "Right for k = 1. You look at the best class only; the right one may be any of the k best."
    ),
    edited("the k-th guess only", (":k]", "k - 1 : k]"))(
        "Right for k = 1. You look at the k-th best class only; the right one may be any of the k "
        "best."
    ),
    edited("one guess too many", (":k]", ": k + 1]"))(
        "You take k + 1 guesses. [:, :k] are k columns, and so are [:, -k:]; or, if you count who "
        "is better, less than k may be."
    ),
    edited("one guess too few", (":k]", ": k - 1]"))(
        "You take k - 1 guesses. [:, :k] are k columns, and so are [:, -k:]."
    ),
    edited("share of errors", ("return", "return 1 -"))(
        "This is the share of images where all guesses are wrong: the top-k error. The accuracy "
        "is 1 minus that."
    ),
    edited("one answer an image", (".mean()", ""))(
        "This is True or False for each image. Take the mean over them, for one number."
    ),
    edited("all k must be right", ("any", "all"))(
        "You ask that all k guesses are the right class. Any of them is enough."
    ),
    edited("divided by the classes", ("mean()", "sum() / logits.shape[1]"))(
        "You divide by the number of classes. Divide by the number of images: logits.shape[0]."
    ),
    edited("always right", ("found.mean()", "1.0"))(
        "Yours is always 1. Is the label among the k highest logits of its row?"
    ),
)

TOP_K_ACCURACY = Exercise(
    id="top_k_accuracy",
    title="Right with k guesses",
    points=2,
    reference=reference.top_k_accuracy,
    answer=top_k_accuracy,
    cases=accuracy_cases,
    ladder=LADDER,
    outputs={"accuracy": ""},
    hints=(
        "For each image: which k classes does the model like best, and is the right one among "
        "them? Then the share of images for which it is.",
        "argsort along the last axis gives (B, K), the best class last. The last k columns against "
        "labels[:, None], (B, 1), give (B, k) of True and False; any over the last axis: (B,).",
        "guesses = argsort(logits, axis=-1), of which the last k columns;  found = is any of an "
        "image's guesses its label?  The mean of found is the share.",
    ),
    mistakes=MISTAKES,
)
