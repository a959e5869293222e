"""Exercise `add_positions`: each token gets the code of its place."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.reference import positional_encoding as reference


def add_cases(rng):
    def inputs(batch, length, width, rows):
        return {"tokens": normal(rng, batch, length, width), "encoding": normal(rng, rows, width)}

    return [
        Case("an encoding as long as the sequence", inputs(2, 5, 7, rows=5)),
        Case("an encoding longer than the sequence", inputs(2, 5, 7, rows=13)),
        Case("more sequences than tokens", inputs(11, 7, 3, rows=13)),
        Case("as many sequences as tokens", inputs(7, 7, 3, rows=13)),
        Case("one sequence", inputs(1, 7, 3, rows=7)),
    ]


def cut(tokens, encoding):
    return encoding[: tokens.shape[1]]


def with_code(code):
    """Tokens plus a code made from both: (tokens, encoding) -> what broadcasts to the tokens."""
    return lambda tokens, encoding: tokens + code(tokens, encoding)


def of_batch(tokens, encoding):
    return encoding[: len(tokens)]


def first_sequence_only(tokens, encoding):
    result = tokens.copy()
    result[0] += cut(tokens, encoding)
    return result


def joined(axis):
    def solution(tokens, encoding):
        code = np.broadcast_to(cut(tokens, encoding), tokens.shape)
        return np.concatenate([tokens, code], axis=axis)

    return solution


BATCH_SIZE = (
    "You take as many rows of the encoding as there are sequences: tokens.shape[0], or "
    "len(tokens), is the batch. The number of tokens is tokens.shape[1]."
)
ALONG_BATCH = (
    "You give each sequence of the batch a code of its own, the same for all its tokens. The code "
    "belongs to the place of a token: (N, D) lines up with the last two axes of (B, N, D)."
)

ADD_POSITIONS = Exercise(
    id="add_positions",
    title="Tokens learn their place",
    points=1,
    reference=reference.add_positions,
    cases=add_cases,
    outputs={"result": "B N D"},
    hints=(
        "Every sequence of the batch gets the same codes: the first token row 0, the second row 1. "
        "How many rows do you need?",
        "encoding[:N] is (N, D), with N = tokens.shape[1]. Against (B, N, D) it broadcasts over "
        "the batch by itself.",
        "n = tokens.shape[1];  return tokens + encoding[:n]",
    ),
    mistakes=(
        Mistake("indexes by batch size", with_code(of_batch), BATCH_SIZE),
        Mistake(
            "adds along the batch axis",
            with_code(lambda tokens, encoding: of_batch(tokens, encoding)[:, None]),
            ALONG_BATCH,
        ),
        Mistake(
            "adds along the batch axis",
            with_code(lambda tokens, encoding: cut(tokens, encoding)[:, None]),
            ALONG_BATCH,
        ),
        Mistake(
            "concatenates",
            joined(axis=-1),
            "You put the code behind the features: (B, N, 2D). It is added to them, so that the "
            "width stays D.",
        ),
        Mistake(
            "concatenates the tokens",
            joined(axis=1),
            "You put the codes behind the tokens, as if they were tokens: (B, 2N, D). They are "
            "added to them, so that the shape stays (B, N, D).",
        ),
        Mistake(
            "encoding not cut",
            with_code(lambda tokens, encoding: encoding),
            "Right when the encoding is as long as the sequence. It may be longer, made once for "
            "the longest: take its first N rows, encoding[:tokens.shape[1]].",
            telling=True,
        ),
        Mistake(
            "cut at the number of features",
            with_code(lambda tokens, encoding: encoding[: tokens.shape[-1]]),
            "You take as many rows of the encoding as there are features. The number of tokens is "
            "the axis in the middle: tokens.shape[1].",
            telling=True,
        ),
        Mistake(
            "last rows of the encoding",
            with_code(lambda tokens, encoding: encoding[-tokens.shape[1] :]),
            "You take the last N rows of the encoding. The first token is at position 0, so take "
            "the first: encoding[:N].",
        ),
        Mistake(
            "the same code for all",
            with_code(lambda tokens, encoding: encoding[:1]),
            "All tokens get the same code, so they still cannot be told apart. Token p gets row p: "
            "encoding[:N].",
        ),
        Mistake(
            "first sequence only",
            first_sequence_only,
            "Only the first sequence of the batch has got the codes. tokens[0] is one sequence; "
            "add to all of them at once, broadcasting repeats the codes over the batch.",
        ),
        Mistake(
            "tokens lost",
            lambda tokens, encoding: np.broadcast_to(cut(tokens, encoding), tokens.shape),
            "This is the code alone; the tokens are gone. Add the two.",
        ),
        Mistake(
            "nothing added",
            lambda tokens, encoding: tokens.copy(),
            "These are the tokens as they came. Add the first N rows of the encoding.",
        ),
        Mistake(
            "multiplied",
            lambda tokens, encoding: tokens * cut(tokens, encoding),
            "You multiply. The code is added: a feature of size 0 should still learn its place.",
        ),
        Mistake(
            "tokens scaled by √D",
            lambda tokens, encoding: tokens * tokens.shape[-1] ** 0.5 + cut(tokens, encoding),
            "You multiply the tokens by √D first. The Transformer of 2017 does that to its word "
            "embeddings, elsewhere; here the two are simply added.",
        ),
    ),
)
