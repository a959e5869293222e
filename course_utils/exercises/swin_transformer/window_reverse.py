"""Exercise `window_reverse`: windows, put together again."""

from itertools import permutations

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.exercises.swin_transformer.window_partition import (
    ONE_SIDE,
    ORDER,
    SIDES,
    SQUARE_ASSUMED,
)
from course_utils.reference import windows as reference


def window_reverse(windows, window, height, width):
    rows, columns = height // window, width // window
    channels = windows.shape[-1]
    x = windows.reshape(-1, rows, columns, window, window, channels)
    x = x.transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(-1, height, width, channels)


def reverse_cases(rng):
    def case(shows, batch, rows, columns, window, channels):
        windows = normal(rng, batch * rows * columns, window**2, channels)
        sides = {"height": rows * window, "width": columns * window}
        return Case(shows, {"windows": windows, "window": window, **sides})

    return [
        case("a map wider than high", 3, 5, 7, 2, 11),
        case("a map higher than wide, one channel", 2, 7, 5, 3, 1),
        case("a square map of several windows", 2, 3, 3, 2, 5),
        case("one window, as large as the map", 3, 1, 1, 5, 2),
        case("a single image", 1, 3, 5, 2, 7),
    ]


LADDER = (
    by_hand(windows=numbered(2, 4, 1), window=2, height=2, width=4),
    by_hand(windows=numbered(2, 4, 1), window=2, height=4, width=2),
    by_hand(windows=numbered(6, 4, 1), window=2, height=4, width=6),
    by_hand(windows=numbered(4, 4, 2), window=2, height=2, width=4),
)


GRID = "-1, rows, columns"
MAP = "(-1, height, width, channels)"
ONE_IMAGE = (GRID, "1, rows, columns")
# Orders of the four axes in the middle that are right, or have a sentence of their own.
KNOWN = {"1, 2, 3, 4", "1, 3, 2, 4", "1, 4, 2, 3", "2, 1, 3, 4", "3, 1, 4, 2"}
OTHER_ORDER = (
    "All tokens are there, but the transpose brings the axes into the wrong order. "
    "(B, H/M, W/M, M, M, C) should become (B, H/M, M, W/M, M, C): only axes 2 and 3 change places."
)
WRONG_PARTITION = (
    "This undoes a partition other than ours, so a round trip can succeed while both halves are "
    "wrong. "
)
MISTAKES = (
    edited("reshape without transpose", ("    x = x.transpose(0, 1, 3, 2, 4, 5)\n", ""))(
        "The shape is right and the entries are not: reshape keeps their order, so a row of your "
        "map holds a whole window. Reshape to (B, H/M, W/M, M, M, C), swap axes 2 and 3, then "
        "reshape to the map."
    ),
    edited("height and width swapped", SIDES, ("-1, height, width", "-1, width, height"))(
        "Your map is W high and H wide. There are H/M rows of windows and W/M columns, and the "
        "result is (B, H, W, C)."
    ),
    edited("height and width swapped", SIDES)(
        "The shape is right, but you lay the windows out in W/M rows and H/M columns. There are "
        "H/M rows of windows and W/M columns."
    ),
    edited(
        "matches only a wrong partition", (GRID, "-1, columns, rows"), (ORDER, "0, 2, 3, 1, 4, 5")
    )(
        f"{WRONG_PARTITION}It takes the windows for column by column; they come row by row: "
        "reshape to (B, H/M, W/M, M, M, C)."
    ),
    edited(
        "matches only a wrong partition", (GRID, "rows, columns, -1"), (ORDER, "2, 0, 3, 1, 4, 5")
    )(
        f"{WRONG_PARTITION}It takes the first window of every image to come first; all windows of "
        "an image come before the next image: reshape to (B, H/M, W/M, M, M, C)."
    ),
    edited("matches only a wrong partition", (ORDER, "0, 1, 4, 2, 3, 5"))(
        f"{WRONG_PARTITION}It takes the tokens of a window for column by column; they come row by "
        "row."
    ),
    edited("matches only a wrong partition", (ORDER, "0, 3, 1, 4, 2, 5"))(
        f"{WRONG_PARTITION}It spreads the tokens of each window over the whole map; they are "
        "neighbours: H/M before M, W/M before M."
    ),
    edited("the wrong axes swapped", (ORDER, "0, 2, 1, 3, 4, 5"))(
        "You have swapped the rows and the columns of windows. After the reshape to "
        "(B, H/M, W/M, M, M, C), M must follow its own H/M: swap axes 2 and 3."
    ),
    *(
        edited("axes in another order", (ORDER, f"0, {order}, 5"))(OTHER_ORDER)
        for order in map(", ".join, permutations("1234"))
        if order not in KNOWN
    ),
    edited("square maps assumed", ONE_SIDE, telling=r"reshape")(SQUARE_ASSUMED),
    edited("a batch of one assumed", ONE_IMAGE, telling=r"reshape")(
        "This takes all windows for those of one image. How many images there are follows: B = "
        "windows.shape[0] // (H/M · W/M)."
    ),
    edited("left as a sequence", ("height, width, channels", "height * width, channels"))(
        "The tokens are right, in a row, (B, H·W, C). What comes next needs the map: (B, H, W, C)."
    ),
    edited("first image only", (MAP, f"{MAP}[:1]"))(
        "This is the first image alone. There are windows.shape[0] // nW of them."
    ),
    edited("channels first", (MAP, f"{MAP}.transpose(0, 3, 1, 2)"))(
        "The map is right, with its channels in front: (B, C, H, W). Here they stay last."
    ),
)

WINDOW_REVERSE = Exercise(
    id="window_reverse",
    title="Windows, put together again",
    points=1,
    reference=reference.window_reverse,
    answer=window_reverse,
    cases=reverse_cases,
    ladder=LADDER,
    outputs={"x": "B H W C"},
    hints=(
        "window_partition had three steps. Undo them, the last one first.",
        "(B·nW, M·M, C) -> reshape -> (B, H/M, W/M, M, M, C) -> swap axes 2 and 3 -> "
        "(B, H/M, M, W/M, M, C) -> reshape -> (B, H, W, C).",
        "rows, columns = H // M, W // M;  x = reshape(windows, (…, rows, columns, M, M, C));  two "
        "axes change places;  reshape to (…, H, W, C). How many images are there?",
    ),
    mistakes=MISTAKES,
)
