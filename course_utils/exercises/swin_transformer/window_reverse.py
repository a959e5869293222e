"""Exercise `window_reverse`: windows, put together again."""

from itertools import permutations

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.exercises.swin_transformer.by_hand import SQUARE_ASSUMED, whole
from course_utils.reference import windows as reference


def reverse_cases(rng):
    def case(shows, batch, rows, columns, window, channels):
        windows = normal(rng, batch * rows * columns, window**2, channels)
        sides = {"height": rows * window, "width": columns * window}
        return Case(shows, {"windows": windows, "window": window, **sides})

    return [
        case("a map wider than high", 3, 5, 7, 2, 11),
        case("a map higher than wide, one channel", 2, 7, 5, 3, 1),
        case("one window, as large as the map", 3, 1, 1, 5, 2),
        case("a single image", 1, 3, 5, 2, 7),
    ]


def put(*order, rows_first=True):
    """The map from windows whose axes are brought into another order than the right one."""

    def solution(windows, window, height, width):
        sides = (height, width) if rows_first else (width, height)
        x = whole(windows, window, *sides).transpose(order)
        return x.reshape(-1, height, width, windows.shape[2])

    return solution


right = put(0, 1, 3, 2, 4, 5)


def apart(*axes, order):
    """The map from windows taken for another layout: names of its axes, then their order."""

    def solution(windows, window, height, width):
        rows, columns = height // window, width // window
        sizes = {"B": len(windows) // (rows * columns), "h": rows, "w": columns, "M": window}
        x = windows.reshape(*(sizes[axis] for axis in axes), windows.shape[2])
        return x.transpose(order).reshape(-1, height, width, windows.shape[2])

    return solution


def changed(function):
    """The right map, changed by a function of it."""
    return lambda windows, window, height, width: function(right(windows, window, height, width))


def swapped_sides(windows, window, height, width):
    return right(windows, window, width, height)


def square_assumed(windows, window, height, width):
    n = height // window
    x = windows.reshape(-1, n, n, window, window, windows.shape[2])
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(-1, height, width, windows.shape[2])


def one_image(windows, window, height, width):
    rows, columns = height // window, width // window
    x = windows.reshape(rows, columns, window, window, windows.shape[2])
    return x.transpose(0, 2, 1, 3, 4).reshape(1, height, width, windows.shape[2])


# Orders of the four axes in the middle that are right, or have a sentence of their own.
KNOWN = {(1, 2, 3, 4), (1, 3, 2, 4), (1, 4, 2, 3), (2, 1, 3, 4), (3, 1, 4, 2)}
OTHER_ORDERS = [order for order in permutations((1, 2, 3, 4)) if order not in KNOWN]

WRONG_PARTITION = (
    "This undoes a partition other than ours, so a round trip can succeed while both halves are "
    "wrong. "
)

WINDOW_REVERSE = Exercise(
    id="window_reverse",
    title="Windows, put together again",
    points=1,
    reference=reference.window_reverse,
    cases=reverse_cases,
    outputs={"x": "B H W C"},
    hints=(
        "window_partition had three steps. Undo them, the last one first.",
        "(B·nW, M·M, C) -> reshape -> (B, H/M, W/M, M, M, C) -> swap axes 2 and 3 -> "
        "(B, H/M, M, W/M, M, C) -> reshape -> (B, H, W, C).",
        "rows, columns = H // M, W // M;  B = windows.shape[0] // (rows * columns);  "
        "x = reshape(windows, (B, rows, columns, M, M, C));  "
        "return reshape(transpose(x, (0, 1, 3, 2, 4, 5)), (B, H, W, C))",
    ),
    mistakes=(
        Mistake(
            "reshape without transpose",
            put(0, 1, 2, 3, 4, 5),
            "The shape is right and the entries are not: reshape keeps their order, so a row of "
            "your map holds a whole window. Reshape to (B, H/M, W/M, M, M, C), swap axes 2 and 3, "
            "then reshape to the map.",
        ),
        Mistake(
            "height and width swapped",
            swapped_sides,
            "Your map is W high and H wide. There are H/M rows of windows and W/M columns, and "
            "the result is (B, H, W, C).",
        ),
        Mistake(
            "height and width swapped",
            put(0, 1, 3, 2, 4, 5, rows_first=False),
            "The shape is right, but you lay the windows out in W/M rows and H/M columns. There "
            "are H/M rows of windows and W/M columns.",
        ),
        Mistake(
            "matches only a wrong partition",
            apart("B", "w", "h", "M", "M", order=(0, 2, 3, 1, 4, 5)),
            f"{WRONG_PARTITION}It takes the windows for column by column; they come row by row: "
            "reshape to (B, H/M, W/M, M, M, C).",
        ),
        Mistake(
            "matches only a wrong partition",
            apart("h", "w", "B", "M", "M", order=(2, 0, 3, 1, 4, 5)),
            f"{WRONG_PARTITION}It takes the first window of every image to come first; all windows "
            "of an image come before the next image: reshape to (B, H/M, W/M, M, M, C).",
        ),
        Mistake(
            "matches only a wrong partition",
            put(0, 1, 4, 2, 3, 5),
            f"{WRONG_PARTITION}It takes the tokens of a window for column by column; they come row "
            "by row.",
        ),
        Mistake(
            "matches only a wrong partition",
            put(0, 3, 1, 4, 2, 5),
            f"{WRONG_PARTITION}It spreads the tokens of each window over the whole map; they are "
            "neighbours: H/M before M, W/M before M.",
        ),
        Mistake(
            "the wrong axes swapped",
            put(0, 2, 1, 3, 4, 5),
            "You have swapped the rows and the columns of windows. After the reshape to (B, H/M, "
            "W/M, M, M, C), M must follow its own H/M: swap axes 2 and 3.",
        ),
        *(
            Mistake(
                "axes in another order",
                put(0, *order, 5),
                "All tokens are there, but the transpose brings the axes into the wrong order. "
                "(B, H/M, W/M, M, M, C) should become (B, H/M, M, W/M, M, C): only axes 2 and 3 "
                "change places.",
            )
            for order in OTHER_ORDERS
        ),
        Mistake(
            "square maps assumed",
            square_assumed,
            SQUARE_ASSUMED,
            telling=True,
        ),
        Mistake(
            "a batch of one assumed",
            one_image,
            "This takes all windows for those of one image. How many images there are follows: "
            "B = windows.shape[0] // (H/M · W/M).",
            telling=True,
        ),
        Mistake(
            "left as a sequence",
            changed(lambda x: x.reshape(len(x), -1, x.shape[3])),
            "The tokens are right, in a row, (B, H·W, C). What comes next needs the map: "
            "(B, H, W, C).",
        ),
        Mistake(
            "first image only",
            changed(lambda x: x[:1]),
            "This is the first image alone. There are windows.shape[0] // nW of them.",
        ),
        Mistake(
            "channels first",
            changed(lambda x: x.transpose(0, 3, 1, 2)),
            "The map is right, with its channels in front: (B, C, H, W). Here they stay last.",
        ),
    ),
)
