"""Exercise `shifted_window_mask`: who is a neighbour only because the map went round."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.swin_transformer.window_partition import window_partition
from course_utils.reference import windows as reference


def shifted_window_mask(height, width, window, shift):
    row, column = np.indices((height, width))
    label = 2 * (row + shift >= height) + (column + shift >= width)
    label = window_partition(label[None, :, :, None], window)[:, :, 0]
    mask = label[:, :, None] == label[:, None, :]
    return mask


def mask_cases(rng):
    def case(shows, height, width, window, shift):
        inputs = {"height": height, "width": width, "window": window, "shift": shift}
        return Case(shows, inputs, label=", ".join(f"{k}={v}" for k, v in inputs.items()))

    shift = int(rng.choice([1, 3]))
    return [  # of few sizes: JAX compiles for each
        case("windows shifted by half", 4, 6, 2, 1),
        case("windows shifted by half", 12, 8, 4, 2),
        case("windows shifted by another number", 12, 8, 4, shift),
        case("windows shifted by another number", 6, 9, 3, 2),
        case("no shift", 4, 6, 2, 0),
        case("no shift", 3, 3, 3, 0),  # one window: such a map is never shifted
    ]


LADDER = (
    by_hand(height=2, width=4, window=2, shift=1),
    by_hand(height=4, width=4, window=2, shift=1),
)


LABEL = "2 * (row + shift >= height) + (column + shift >= width)"
OTHER_SIGN = (LABEL, "2 * (row < shift) + (column < shift)")
ROLLED = ("label[None", "np.roll(label, (-shift, -shift), (0, 1))[None")
OLD_WINDOW = (LABEL, "row // window * width + column // window")
TWO_MASKS = (
    (LABEL, "np.stack([row + shift >= height, column + shift >= width], -1)"),
    ("label[None, :, :, None], window)[:, :, 0]", "label[None], window)"),
    ("label[:, :, None] == label[:, None, :]", "(label[:, :, None] == label[:, None, :]).any(-1)"),
)
BOTH_STAYED = ("== label[:, None, :]", "+ label[:, None, :] == 0")
# As a published layer does: regions that begin at half the side.
CUT = (LABEL, f"8 * (row >= height // 2) + 4 * (column >= width // 2) + {LABEL}")
ONLY_WHERE_SHIFTED = ("[:, :, 0]", "[:, :, 0] * (shift > 0)")
WHOLE_WINDOWS = ("return mask", "return mask & mask.all((1, 2), keepdims=True)")
COLUMN_MAJOR = (
    "return mask",
    "grid = mask.reshape(height // window, width // window, *mask.shape[1:])\n"
    "    return grid.swapaxes(0, 1).reshape(mask.shape)",
)

COMPUTED_BEFORE = (
    "Your cuts lie in the wrong place. After a shift up and to the left, the rows and columns that "
    "went round are the last ones: row + shift >= height, in the map as it lies then. Nothing has "
    "to be rolled after that."
)
TO_BE_ADDED = (
    "The pattern is right, but this is what the published code adds to the scores. Our masks are "
    "boolean: True where a query may attend."
)
CUT_IN_THE_MIDDLE = (
    "Your regions begin at half the height and half the width, and where no window ends there, "
    "true neighbours are kept apart. What the shift has brought together differs in one thing "
    "alone: whether it went round."
)
MISTAKES = (
    edited("all True", (LABEL, "0 * row"))(
        "This hides nothing. After the shift the last windows hold tokens from opposite edges of "
        "the image, which must not see each other."
    ),
    edited(
        "what is left of a window, and not the shift",
        ("row + shift >= height", "row + window - shift >= height"),
        ("column + shift >= width", "column + window - shift >= width"),
    )(
        "Your last strip is M - shift rows and columns wide. As many went round as the map moves: "
        "shift of them. The two are the same only for a shift by half a window."
    ),
    edited(
        "cut by reshape",
        (
            "window_partition(label[None, :, :, None], window)[:, :, 0]",
            "label.reshape(-1, window**2)",
        ),
    )(
        "Your areas are right, but reshape cuts them into pieces of rows, and not into windows. "
        "Use window_partition."
    ),
    edited("inverted", ("==", "!="))(
        "You have marked what is to be hidden. True means may attend: it stands where query and "
        "key were neighbours before the shift, so each token may always see itself."
    ),
    edited("shift of the other sign", OTHER_SIGN)(COMPUTED_BEFORE),
    edited("computed before the shift", ROLLED)(COMPUTED_BEFORE),
    edited("only rows", (" + (column + shift >= width)", ""))(
        "You keep apart what the shift has brought together from top and bottom, and not what it "
        "has brought together from left and right. The same holds for columns."
    ),
    edited("only columns", ("2 * (row + shift >= height) + ", ""))(
        "You keep apart what the shift has brought together from left and right, and not what it "
        "has brought together from top and bottom. The same holds for rows."
    ),
    edited("rows or columns not told apart", ("2 * ", ""), (") + (", ") | ("))(
        "You have two kinds of tokens: those that went round and those that did not. But what went "
        "round with its row and what went round with its column come from different places: there "
        "are four kinds."
    ),
    edited("rows or columns not told apart", ("2 * ", "1 * "))(
        "A token whose row went round and one whose column did have the same label, 1. They come "
        "from different places: give the row another weight, 2·row + column."
    ),
    edited("one of the two is enough", *TWO_MASKS)(
        "You let tokens attend when their rows agree or their columns do. Both must."
    ),
    edited("only within the old windows", OLD_WINDOW, ROLLED)(
        "You let only tokens attend that shared a window before. Then the shift brings nothing "
        "new. All true neighbours may attend: only what came from another edge is a stranger."
    ),
    edited("what went round sees nothing", BOTH_STAYED)(
        "Tokens that went round may attend to nobody. They are neighbours of each other, and each "
        "may see itself."
    ),
    edited("cut in the middle of the map", CUT)(CUT_IN_THE_MIDDLE),
    edited("cut in the middle of the map", CUT, ONLY_WHERE_SHIFTED)(CUT_IN_THE_MIDDLE),
    edited("whole windows hidden", WHOLE_WINDOWS)(
        "A window in which strangers meet is hidden as a whole. In it, those who came together "
        "still see each other."
    ),
    edited("column-major windows", COLUMN_MAJOR)(
        "The masks are right, in the wrong order: they must stand row by row, as window_partition "
        "gives the windows."
    ),
    edited(
        "tokens column by column",
        (
            "[:, :, 0]",
            "[:, :, 0].reshape(-1, window, window).swapaxes(1, 2).reshape(-1, window**2)",
        ),
    )(
        "The windows are in the right order, but the tokens of each run down its columns. They go "
        "row by row, as window_partition gives them."
    ),
    edited("height and width swapped", ("(height, width, w", "(width, height, w"))(
        "This is the mask of a map W high and H wide. On a square map nobody would see it."
    ),
    edited("the shift ignored", ("    row, ", "    shift = window // 2\n    row, "))(
        "Your mask is always that of a shift by half a window. `shift` is an argument: it can be "
        "any number from 0 to M - 1."
    ),
    edited("0/1 floats", ("return mask", "return mask.astype('float32')"))(
        "The pattern is right, the type is not: make it bool. With numbers nobody can tell whether "
        "1 means may attend, or is to be added to a score, and ~mask fails."
    ),
    edited("0/1 integers", ("return mask", "return mask.astype('int32')"))(
        "The pattern is right, the type is not: make it bool. With numbers nobody can tell whether "
        "1 means may attend, or is to be added to a score, and ~1 is -2, not False."
    ),
    edited("numbers to be added", ("return mask", "return np.where(mask, 0.0, -100.0)"))(
        TO_BE_ADDED
    ),
    edited("numbers to be added", ("return mask", "return np.where(mask, 0.0, -np.inf)"))(
        TO_BE_ADDED
    ),
    edited("numbers to be added", ("return mask", "return np.where(mask, 0.0, -1e9)"))(TO_BE_ADDED),
    edited("an axis for the heads", ("return mask", "return mask[:, None]"))(
        "The masks are right, with an axis for the heads: (nW, 1, M², M²). Leave it out: our "
        "multi-head attention adds it."
    ),
    edited("an axis for the batch", ("return mask", "return mask[None]"))(
        "The masks are right, with an axis in front: (1, nW, M², M²). Leave it out: windows of all "
        "images will stand on one axis."
    ),
)

SHIFTED_WINDOW_MASK = Exercise(
    id="shifted_window_mask",
    title="Strangers in one window",
    points=3,
    reference=reference.shifted_window_mask,
    answer=shifted_window_mask,
    cases=mask_cases,
    ladder=LADDER,
    outputs={"mask": "nW M² M²"},
    seconds=30.0,  # JAX compiles each step for each size
    forbidden=frozenset({f"{reference.__name__}.window_mask"}),
    hints=(
        "After the shift, some rows have gone round (from the top to the bottom), and some columns "
        "(from left to right). Two tokens of a window are true neighbours if the same has happened "
        "to both.",
        "Give each place of the shifted map a label that says whether its row went round, and "
        "whether its column did: (H, W). Cut the labels into windows, (nW, M²), and compare each "
        "with each: (nW, M², 1) with (nW, 1, M²).",
        "row, column = indices((H, W));  label = 2 * (row … H) + (column … W);  cut it with "
        "window_partition, which wants (B, H, W, C);  and compare each token's label with each.",
    ),
    mistakes=MISTAKES,
)
