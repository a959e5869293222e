"""Exercise `shifted_window_mask`: who is a neighbour only because the map went round."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.swin_transformer.by_hand import partition
from course_utils.reference import windows as reference


def mask_cases(rng):
    def case(shows, height, width, window, shift):
        inputs = {"height": height, "width": width, "window": window, "shift": shift}
        return Case(shows, inputs, label=", ".join(f"{k}={v}" for k, v in inputs.items()))

    shift = int(rng.choice([1, 3]))
    return [  # of few sizes: JAX compiles for each
        case("windows shifted by half", 4, 6, 2, 1),
        case("windows shifted by half", 12, 8, 4, 2),
        case("windows shifted by another number", 12, 8, 4, shift),
        case("windows shifted by another number", 3, 9, 3, 2),
        case("one window", 3, 3, 3, 1),
        case("no shift", 4, 6, 2, 0),
    ]


def turns(height, width, shift):
    """Whether row and column of each place of the shifted map have gone round: (H, W) twice."""
    row, column = np.indices((height, width))
    return row + shift >= height, column + shift >= width


def in_windows(labels, window):
    """labels (H, W) -> (nW, M²)."""
    return partition(np.asarray(labels, "int64")[None, :, :, None], window)[:, :, 0]


def pairs(labels, window):
    """Which tokens of a window have the same label: (nW, M², M²)."""
    seen = in_windows(labels, window)
    return seen[:, :, None] == seen[:, None, :]


def from_labels(label):
    """The mask that a function of (row turned, column turned, shift) gives as labels."""

    def solution(height, width, window, shift):
        return pairs(label(*turns(height, width, shift), shift), window)

    return solution


def both(row, column, shift):
    return 2 * row + column


right = from_labels(both)


def changed(function):
    """The right mask, changed by a function of it."""
    return lambda height, width, window, shift: function(right(height, width, window, shift))


def other_sign(height, width, window, shift):
    row, column = np.indices((height, width))
    return pairs(2 * (row < shift) + (column < shift), window)


def labels_rolled_again(height, width, window, shift):
    labels = both(*turns(height, width, shift), shift)
    return pairs(np.roll(labels, (-shift, -shift), axis=(0, 1)), window)


def old_windows(height, width, window, shift):
    row, column = np.indices((height, width))
    labels = row // window * width + column // window
    return pairs(np.roll(labels, (-shift, -shift), axis=(0, 1)), window)


def cut_in_the_middle(height, width, window, shift):
    """As a published layer does: regions that begin at half the side."""
    row, column = np.indices((height, width))
    down = (row >= height // 2).astype(int) + (row >= height - shift)
    across = (column >= width // 2).astype(int) + (column >= width - shift)
    return pairs(3 * down + across, window)


def cut_in_the_middle_where_shifted(height, width, window, shift):
    return (cut_in_the_middle if shift else right)(height, width, window, shift)


def column_major_windows(height, width, window, shift):
    mask = right(height, width, window, shift)
    grid = mask.reshape(height // window, width // window, *mask.shape[1:])
    return np.swapaxes(grid, 0, 1).reshape(mask.shape)


def sides_exchanged(height, width, window, shift):
    return right(width, height, window, shift)


def always_half(height, width, window, shift):
    return right(height, width, window, window // 2)


def none_turned(height, width, window, shift):
    """Only pairs of which neither has gone round."""
    seen = in_windows(np.logical_or(*turns(height, width, shift)), window) == 0
    return seen[:, :, None] & seen[:, None, :]


def all_or_nothing(height, width, window, shift):
    mask = right(height, width, window, shift)
    return np.broadcast_to(mask.all((1, 2), keepdims=True), mask.shape)


COMPUTED_BEFORE = (
    "Your cuts lie in the wrong place: they are those of the map before the shift, or of a shift "
    "the other way. After a shift up and to the left, the rows and columns that went round are the "
    "last ones: row + shift >= height."
)
TO_BE_ADDED = (
    "The pattern is right, but this is what the published code adds to the scores. Our masks are "
    "boolean: True where a query may attend."
)

SHIFTED_WINDOW_MASK = Exercise(
    id="shifted_window_mask",
    title="Strangers in one window",
    points=3,
    reference=reference.shifted_window_mask,
    cases=mask_cases,
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
        "row, column = indices((H, W));  label = 2 * (row + shift >= H) + (column + shift >= W);  "
        "label = window_partition(label[None, :, :, None], M)[:, :, 0];  "
        "return label[:, :, None] == label[:, None, :]",
    ),
    mistakes=(
        Mistake(
            "all True",
            changed(np.ones_like),
            "This hides nothing. After the shift the last windows hold tokens from opposite edges "
            "of the image, which must not see each other.",
        ),
        Mistake(
            "inverted",
            changed(np.logical_not),
            "You have marked what is to be hidden. True means may attend: it stands where query "
            "and key were neighbours before the shift, so each token may always see itself.",
        ),
        Mistake("shift of the other sign", other_sign, COMPUTED_BEFORE),
        Mistake("computed before the shift", labels_rolled_again, COMPUTED_BEFORE),
        Mistake(
            "only rows",
            from_labels(lambda row, column, shift: row),
            "You keep apart what the shift has brought together from top and bottom, and not what "
            "it has brought together from left and right. The same holds for columns.",
        ),
        Mistake(
            "only columns",
            from_labels(lambda row, column, shift: column),
            "You keep apart what the shift has brought together from left and right, and not what "
            "it has brought together from top and bottom. The same holds for rows.",
        ),
        Mistake(
            "rows or columns not told apart",
            from_labels(lambda row, column, shift: row | column),
            "You have two kinds of tokens: those that went round and those that did not. But what "
            "went round with its row and what went round with its column come from different "
            "places: there are four kinds.",
        ),
        Mistake(
            "rows or columns not told apart",
            from_labels(lambda row, column, shift: row + column.astype(int)),
            "A token whose row went round and one whose column did have the same label, 1. They "
            "come from different places: give the row another weight, 2·row + column.",
        ),
        Mistake(
            "one of the two is enough",
            lambda h, w, m, s: (
                from_labels(lambda row, column, shift: row)(h, w, m, s)
                | from_labels(lambda row, column, shift: column)(h, w, m, s)
            ),
            "You let tokens attend when their rows agree or their columns do. Both must.",
        ),
        Mistake(
            "only within the old windows",
            old_windows,
            "You let only tokens attend that shared a window before. Then the shift brings nothing "
            "new. All true neighbours may attend: only what came from another edge is a stranger.",
        ),
        Mistake(
            "what went round sees nothing",
            none_turned,
            "Tokens that went round may attend to nobody. They are neighbours of each other, and "
            "each may see itself.",
        ),
        *(
            Mistake(
                "cut in the middle of the map",
                solution,
                "Your regions begin at half the height and half the width, and where no window "
                "ends there, true neighbours are kept apart. What the shift has brought together "
                "differs in one thing alone: whether it went round.",
            )
            for solution in (cut_in_the_middle, cut_in_the_middle_where_shifted)
        ),
        Mistake(
            "whole windows hidden",
            all_or_nothing,
            "A window in which strangers meet is hidden as a whole. In it, those who came together "
            "still see each other.",
        ),
        Mistake(
            "column-major windows",
            column_major_windows,
            "The masks are right, in the wrong order: they must stand row by row, as "
            "window_partition gives the windows.",
        ),
        Mistake(
            "height and width swapped",
            sides_exchanged,
            "This is the mask of a map W high and H wide. On a square map nobody would see it.",
        ),
        Mistake(
            "the shift ignored",
            always_half,
            "Your mask is always that of a shift by half a window. `shift` is an argument: it can "
            "be any number from 0 to M - 1.",
        ),
        Mistake(
            "0/1 floats",
            changed(lambda mask: mask.astype("float32")),
            "The pattern is right, the type is not: make it bool. With numbers nobody can tell "
            "whether 1 means may attend, or is to be added to a score, and ~mask fails.",
        ),
        Mistake(
            "0/1 integers",
            changed(lambda mask: mask.astype("int32")),
            "The pattern is right, the type is not: make it bool. With numbers nobody can tell "
            "whether 1 means may attend, or is to be added to a score, and ~1 is -2, not False.",
        ),
        Mistake(
            "numbers to be added",
            changed(lambda mask: np.where(mask, 0.0, -100.0)),
            TO_BE_ADDED,
        ),
        Mistake(
            "numbers to be added",
            changed(lambda mask: np.where(mask, 0.0, -np.inf)),
            TO_BE_ADDED,
        ),
        Mistake(
            "numbers to be added",
            changed(lambda mask: np.where(mask, 0.0, -1e9)),
            TO_BE_ADDED,
        ),
        Mistake(
            "an axis for the heads",
            changed(lambda mask: mask[:, None]),
            "The masks are right, with an axis for the heads: (nW, 1, M², M²). Leave it out: our "
            "multi-head attention adds it.",
        ),
        Mistake(
            "an axis for the batch",
            changed(lambda mask: mask[None]),
            "The masks are right, with an axis in front: (1, nW, M², M²). Leave it out: windows of "
            "all images will stand on one axis.",
        ),
    ),
)
