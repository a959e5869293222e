"""Exercise `reversal_queries_keys`: attention as a program. Judged by what it does."""

import numpy as np

from course_utils.checking.driver import Unusable
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.attention.attend import attend
from course_utils.reference import attention as reference


def reversal_queries_keys(length, sharpness=50.0):
    key = np.eye(length)
    return sharpness * length**0.5 * key[::-1], key


def reversal_cases(rng):
    lengths = (5, int(rng.choice([7, 11, 13, 17, 19, 23])), 67)
    shows = ("five tokens", "another length", "a long sequence")
    return [Case(s, {"length": n}) for s, n in zip(shows, lengths, strict=True)]


LOOKS = "favourite key of each query (-2: two are, -3: three are)"


def watch_reversal(inputs, arrays):
    """See what attention does with the queries and keys: where each query looks, and whether the
    values come out reversed. Any width and any scores that do it are right."""
    length, query, key = inputs["length"], arrays["query"], arrays["key"]
    one_shape = query.ndim == 2 and query.shape == key.shape
    if not one_shape or len(query) != length:
        raise Unusable(
            "unfit" if one_shape else "shape",
            f"For length {length}, query and key should both have shape ({length}, d) with one d. "
            f"Yours have {query.shape} and {key.shape}.",
        )
    values = np.cos(np.arange(length)[:, None] * [1.0, 2.0, 3.0]).astype("float32")
    output, weights = attend(query.astype("float32"), key.astype("float32"), values)
    error = np.abs(output - values[::-1]).max()
    most = weights.max(axis=-1, keepdims=True)
    alike = (weights > most - 1e-6).sum(axis=-1)
    return {
        LOOKS: np.where(alike > 1, -alike, weights.argmax(axis=-1)),
        "error below 0.001": np.array(bool(error < 1e-3)),
    }


ONLY_ONE_LENGTH = (
    "These queries and keys always have the same length. Build them from the argument length."
)

REVERSAL = Exercise(
    id="reversal_queries_keys",
    title="Attention that turns a sequence round",
    points=2,
    reference=reference.reversal_queries_keys,
    answer=reversal_queries_keys,
    cases=reversal_cases,
    ladder=(by_hand(length=3), by_hand(length=4)),
    outputs={"query": "N d", "key": "N d"},
    observe=watch_reversal,
    hints=(
        "Give each position a key of its own that no other resembles. Query 0 should want the last "
        "key, query 1 the one before it.",
        "How many dimensions do N keys need if each is to have the dot product 0 with all others? "
        "Which N vectors are the simplest to do that? A query along one finds only this key.",
        "One-hot keys do, with d = N. The right score should then be `sharpness`, all others 0. "
        "But attention will divide the scores by √d: what undoes that, and what is d here?",
    ),
    mistakes=(
        edited("identity instead of reversal", ("key[::-1]", "key"))(
            "Each query finds its own position, so the sequence comes out as it went in. Query i "
            "should want key N - 1 - i: turn the rows of one of the two round."
        ),
        edited("not sharp enough", ("sharpness * length**0.5 * ", ""))(
            "Each query likes the right key best, but not by enough: the others still mix in. Make "
            "the winning score larger by a factor, and remember that attention divides by √d."
        ),
        edited("√d forgotten", (" * length**0.5", ""))(
            "Sharp enough for short sequences, not for long ones: attention divides the scores by "
            "√d, and your d grows with the length. Multiply by √d first."
        ),
        *(
            edited("only for one length", ("eye(length)", f"eye({length})"))(ONLY_ONE_LENGTH)
            for length in (2, 3, 4, 5, 8, 10)
        ),
        edited("all keys alike", ("sharpness * length**0.5 * key[::-1]", "np.ones_like(key)"))(
            "Your queries score all keys alike, so each fetches the mean of all values. Query i "
            "should score key N - 1 - i far above the others."
        ),
        edited("sign turned round", ("sharpness *", "-sharpness *"))(
            "Each query shuns the key that it should want, and likes the others alike: the sign of "
            "the scores is turned round."
        ),
        edited("all queries want the last key", ("key[::-1]", "key[[-1] * length]"))(
            "All your queries want the same key, the last one. Query 1 should want the one before "
            "it, and so on."
        ),
    ),
)
