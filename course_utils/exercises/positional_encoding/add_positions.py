"""Exercise `add_positions`: each token gets the code of its place."""

import numpy as np  # noqa: F401  mistakes use it

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import positional_encoding as reference


def add_positions(tokens, encoding):
    length = tokens.shape[1]
    code = encoding[:length]
    return tokens + code


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


LADDER = (
    by_hand(tokens=numbered(1, 2, 2), encoding=10 * numbered(2, 2)),
    by_hand(tokens=numbered(3, 2, 1), encoding=10 * numbered(4, 1)),
)

BETWEEN = ("+ code", "+ code[:, None]")
REPEATED = "np.broadcast_to(code, tokens.shape)"

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
    answer=add_positions,
    cases=add_cases,
    ladder=LADDER,
    outputs={"result": "B N D"},
    hints=(
        "Every sequence of the batch gets the same codes: the first token row 0, the second row 1. "
        "How many rows do you need?",
        "encoding[:N] is (N, D), with N = tokens.shape[1]. Against (B, N, D) it broadcasts over "
        "the batch by itself.",
        "One sum: the tokens, and as many rows of the encoding as … Which entry of tokens.shape is "
        "that?",
    ),
    mistakes=(
        edited("adds along the batch axis", ("shape[1]", "shape[0]"), BETWEEN)(ALONG_BATCH),
        edited("indexes by batch size", ("tokens.shape[1]", "len(tokens)"))(BATCH_SIZE),
        edited("adds along the batch axis", BETWEEN)(ALONG_BATCH),
        edited("concatenates", ("tokens + code", f"np.concatenate([tokens, {REPEATED}], axis=-1)"))(
            "You put the code behind the features: (B, N, 2D). It is added to them, so that the "
            "width stays D."
        ),
        edited(
            "concatenates the tokens",
            ("tokens + code", f"np.concatenate([tokens, {REPEATED}], axis=1)"),
        )(
            "You put the codes behind the tokens, as if they were tokens: (B, 2N, D). They are "
            "added to them, so that the shape stays (B, N, D)."
        ),
        edited("encoding not cut", ("[:length]", ""), telling=r"broadcast|[Ss]hape")(
            "Right when the encoding is as long as the sequence. It may be longer, made once for "
            "the longest: take its first N rows, encoding[:tokens.shape[1]]."
        ),
        edited(
            "cut at the number of features",
            ("tokens.shape[1]", "tokens.shape[-1]"),
            telling=r"broadcast|[Ss]hape",
        )(
            "You take as many rows of the encoding as there are features. The number of tokens is "
            "the axis in the middle: tokens.shape[1]."
        ),
        edited("last rows of the encoding", ("[:length]", "[-length:]"))(
            "You take the last N rows of the encoding. The first token is at position 0, so take "
            "the first: encoding[:N]."
        ),
        edited("the same code for all", ("[:length]", "[:1]"))(
            "All tokens get the same code, so they still cannot be told apart. Token p gets row p: "
            "encoding[:N]."
        ),
        edited(
            "first sequence only",
            ("tokens + code", "np.concatenate([tokens[:1] + code, tokens[1:]])"),
        )(
            "Only the first sequence of the batch has got the codes. tokens[0] is one sequence; "
            "add to all of them at once, broadcasting repeats the codes over the batch."
        ),
        edited("tokens lost", ("tokens + code", REPEATED))(
            "This is the code alone; the tokens are gone. Add the two."
        ),
        edited("nothing added", (" + code", ""))(
            "These are the tokens as they came. Add the first N rows of the encoding."
        ),
        edited("multiplied", ("tokens + code", "tokens * code"))(
            "You multiply. The code is added: a feature of size 0 should still learn its place."
        ),
        edited("tokens scaled by √D", ("tokens + code", "tokens * tokens.shape[-1] ** 0.5 + code"))(
            "You multiply the tokens by √D first. The Transformer of 2017 does that to its word "
            "embeddings, elsewhere; here the two are simply added."
        ),
    ),
)
