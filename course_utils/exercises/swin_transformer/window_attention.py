"""Exercise `window_attention`: a whole layer, from a map to a map."""

import numpy as np

from course_utils.checking.driver import call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.attention.softmax import softmax
from course_utils.exercises.draw import normal
from course_utils.exercises.multi_head_attention.inputs import draw_params, pack, plain_params
from course_utils.exercises.multi_head_attention.merge_heads import merge_heads
from course_utils.exercises.multi_head_attention.split_heads import split_heads
from course_utils.exercises.swin_transformer.cyclic_shift import cyclic_shift
from course_utils.exercises.swin_transformer.relative_position_index import relative_position_index
from course_utils.exercises.swin_transformer.shifted_window_mask import shifted_window_mask
from course_utils.exercises.swin_transformer.window_partition import window_partition
from course_utils.exercises.swin_transformer.window_reverse import window_reverse
from course_utils.reference import plain_swin as reference
from course_utils.reference import swin_transformer as layers


def window_attention(x, params, window, shift, num_heads):
    batch, height, width, channels = x.shape
    shifted = cyclic_shift(x, shift)
    cut = window_partition(shifted, window)
    queries, keys, values = (
        split_heads(project(cut, params[role]), num_heads) for role in ("query", "key", "value")
    )
    scores = queries @ keys.swapaxes(-1, -2)
    scores = scores / np.float32(queries.shape[-1] ** 0.5)
    index = relative_position_index(window, window)
    bias = params["bias_table"][index].transpose(2, 0, 1)
    scores = scores + bias
    mask = shifted_window_mask(height, width, window, shift)
    mask = np.tile(mask, (batch, 1, 1))[:, None]
    scores = np.where(mask, scores, np.float32(-1e9))
    weights = softmax(scores)
    mixed = merge_heads(weights @ values)
    mixed = project(mixed, params["output"])
    back = window_reverse(mixed, window, height, width)
    return cyclic_shift(back, -shift)


def project(x, pair):
    kernel, bias = pair
    return x @ kernel + bias


# --- cases ------------------------------------------------------------------------------------


def window_cases(rng):
    def case(shows, batch, rows, columns, window, shift, heads, width):
        dim = heads * width
        inputs = {
            "x": normal(rng, batch, rows * window, columns * window, dim),
            "window": window,
            "shift": shift,
            "num_heads": heads,
            **draw_params(rng, dim),
            "bias_table": normal(rng, (2 * window - 1) ** 2, heads),
        }
        return Case(shows, inputs, label=f"windows of {window}, a shift of {shift}")

    return [
        case("windows that stay", 2, 3, 5, 2, 0, 3, 5),
        case("windows shifted by half", 3, 2, 5, 2, 1, 3, 5),
        case("windows shifted by half", 2, 3, 1, 5, 2, 3, 2),
        case("windows shifted by another number", 3, 2, 5, 3, int(rng.integers(1, 3)), 5, 2),
        case("as many images as windows", 6, 2, 3, 2, 1, 5, 3),
        case("a single head, a single image", 1, 5, 2, 3, 2, 1, 7),
    ]


# Nothing is asked, so the table alone decides: weights are shares of whole numbers. The key to the
# left counts 3, the one above 2, and the second head has them the other way round.
TABLE = np.log(np.float32([[1, 1], [1, 1], [1, 1], [1, 1], [1, 1], [3, 2], [1, 1], [2, 3], [6, 6]]))
ZERO = np.zeros((2, 2), "float32")
KERNELS = {"value_kernel": [[2, 0], [0, 4]], "output_kernel": [[1, 0], [1, 1]]}
QUIET = plain_params(2, query_kernel=ZERO, key_kernel=ZERO, **KERNELS, output_bias=[1, 0])
ASKING = plain_params(2, **KERNELS, query_bias=[1, 0], output_bias=[1, 0])
PLACES = np.stack(np.indices((2, 4)), axis=-1)[None].astype("float32")  # (1, 2, 4, 2)
LADDER = (
    by_hand(x=PLACES[:, :, :2], window=2, shift=1, num_heads=1, **QUIET, bias_table=TABLE[:, :1]),
    by_hand(x=PLACES, window=2, shift=1, num_heads=2, **QUIET, bias_table=TABLE),
    by_hand(
        x=np.concatenate([PLACES, PLACES[:, ::-1] + 1]),
        window=2,
        shift=1,
        num_heads=2,
        **ASKING,
        bias_table=TABLE,
    ),
)


def call_with_params(solution, inputs):
    """Hand over kernels, biases and the table in a dictionary, as the exercise has it."""
    params = {**pack(inputs), "bias_table": inputs["bias_table"]}
    sizes = {name: inputs[name] for name in ("window", "shift", "num_heads")}
    return call(solution, {"x": inputs["x"], "params": params, **sizes})


# --- mistakes ---------------------------------------------------------------------------------

REPEATED = "np.repeat(mask, batch, axis=0)[:, None]"
TILED = "np.tile(mask, (batch, 1, 1))[:, None]"
HIDDEN = "np.where(mask, scores, np.float32(-1e9))"
SQUARE_ROOT = "np.float32(queries.shape[-1] ** 0.5)"
BACK = "window_reverse(mixed, window, height, width)"
CUT = "window_partition(shifted, window)"
ROLLED_AFTERWARDS = (CUT, f"rolled({CUT}, window, shift)")
ROLLED_BACK = (BACK, BACK.replace("mixed", "rolled(mixed, window, -shift)"))
PROJECT = "split_heads(project(cut, params[role]), num_heads)"
SPLIT_BY_RESHAPE = "project(cut, params[role]).reshape(len(cut), num_heads, window**2, -1)"
SCALE = f"    scores = scores / {SQUARE_ROOT}\n"
SCALED_LATER = (SCALE, ""), ("scores + bias", f"(scores + bias) / {SQUARE_ROOT}")
OTHER_ORDER = 'in_other_order(params["bias_table"], window)'
HALF = ("    shifted =", "    shift = window // 2\n    shifted =")
BROADCAST = r"(broadcast|shape|dimension)"
STAYED = ("cyclic_shift(back, -shift)", "back")
UNSHIFTED = ("cyclic_shift(x, shift)", "x")
AFTERWARDS = ("softmax(scores)", "softmax(scores) * mask")
TO_BE_TILED = (
    "Windows come image by image, so the masks must too: all nW of the first image, then all nW "
    "again for the next."
)
SHIFT_THE_MAP = (
    "You move the tokens inside each window, after the map was cut. No token changes windows that "
    "way. Shift the map first, then cut it."
)


def rolled(windows, side, shift):
    """Shift each window by itself, as a mistake does."""
    squares = windows.reshape(-1, side, side, windows.shape[-1])
    return cyclic_shift(squares, shift).reshape(windows.shape)


def in_other_order(table, side):
    """A table whose offsets go across before they go down."""
    size = 2 * side - 1
    return table.reshape(size, size, -1).swapaxes(0, 1).reshape(table.shape)


WINDOW_ATTENTION = Exercise(
    id="window_attention",
    title="A whole layer: attention in windows that shift",
    points=4,
    reference=reference.window_attention,
    answer=window_attention,
    cases=window_cases,
    ladder=LADDER,
    outputs={"x": "B H W C"},
    driver=call_with_params,
    seconds=30.0,  # JAX compiles each step for each size
    forbidden=frozenset(
        f"{layers.__name__}.{name}" for name in ("WindowAttention", "SwinBlock", "swin_transformer")
    ),
    hints=(
        "You have a function for nearly every step. Write down what x is after each of them, with "
        "its shape, from the map to the windows and back to the map.",
        "shift (B, H, W, C) -> cut (B·nW, A, C) -> query, key, value (B·nW, h, A, d) -> scores "
        "(B·nW, h, A, A), plus the bias (h, A, A), hidden by a mask (B·nW, 1, A, A) -> softmax, "
        "mix, merge (B·nW, A, C) -> output -> map (B, H, W, C) -> shift back.",
        "cut = …(cyclic_shift(x, …), window);  three projections, split;  scores, scaled;  + the "
        "table's rows at relative_position_index, heads in front;  where the mask of each window "
        "of each image is False, -1e9;  softmax;  and the way back, in the other order.",
    ),
    mistakes=(
        edited("no mask", (HIDDEN, "scores"))(
            "Nothing is hidden: after the shift, tokens from opposite edges of the picture attend "
            "to each other. Hide what shifted_window_mask has as False, before the softmax."
        ),
        edited("mask repeated where it must be tiled", (TILED, REPEATED))(
            "Windows get the masks of other windows: you repeat each mask B times in a row. "
            + TO_BE_TILED
        ),
        edited("the first window's mask for all", (TILED, "mask[:1, None]"))(
            "Every window has the mask of the first. Each has its own, and those at the edges hide "
            "the most. " + TO_BE_TILED
        ),
        edited("the last window's mask for all", (TILED, "mask[-1:, None]"))(
            "Every window has the mask of the last, which hides the most. " + TO_BE_TILED
        ),
        edited("mask not tiled", (TILED, "mask[:, None]"), telling=BROADCAST)(
            "There is a mask for each window of one image, (nW, A, A), but the windows of all "
            "images stand in a row. " + TO_BE_TILED
        ),
        edited("no axis for the heads in the mask", ("1))[:, None]", "1))"), telling=BROADCAST)(
            "Scores are (B·nW, h, A, A), the mask is (B·nW, A, A). It needs an axis for the heads "
            "behind the windows: mask[:, None]."
        ),
        edited("mask inverted", (HIDDEN, HIDDEN.replace("(mask", "(~mask")))(
            "You hide what should be seen. True means may attend: keep the score where the mask is "
            "True, and put -1e9 elsewhere."
        ),
        edited("mask applied after softmax", (HIDDEN, "scores"), AFTERWARDS)(
            "You hide weights after the softmax, so the rows no longer sum to 1. Hide the scores "
            "before it."
        ),
        edited("scores multiplied by the mask", (HIDDEN, "scores * mask"))(
            "You multiply the scores by the mask. A score of 0 is not hidden: it is a score like "
            "another. Put -1e9 there."
        ),
        edited("mask added to the scores", (HIDDEN, "scores + mask"))(
            "You add the mask, so what may be seen gets 1 more, and nothing is hidden. Put -1e9 "
            "where it is False."
        ),
        edited("not shifted back", STAYED)(
            "The map is still shifted when you return it, so no token is where it was. Shift it "
            "back by -shift at the end."
        ),
        edited("shifted on, not back", ("(back, -shift)", "(back, shift)"))(
            "At the end you shift the map once more the same way. Back is -shift."
        ),
        edited(
            "shifted the other way", ("(x, shift)", "(x, -shift)"), ("back, -shift", "back, shift")
        )(
            "You shift down and to the right first, and up and left afterwards. It is the other "
            "way round, and the mask expects it so: shift first, -shift at the end."
        ),
        edited("shifted the other way at first", ("(x, shift)", "(x, -shift)"))(
            "The first shift goes the wrong way, down and to the right. It is cyclic_shift(x, "
            "shift), and -shift at the end."
        ),
        edited("never shifted", UNSHIFTED, STAYED)(
            "The map is never shifted, and the mask is for one that was. Shift the map before it "
            "is cut, and back at the end."
        ),
        edited("shifted at the end only", UNSHIFTED)(
            "The map is shifted back at the end, but never shifted at the beginning, before it is "
            "cut."
        ),
        edited("shifted after the partition", UNSHIFTED, ROLLED_AFTERWARDS)(SHIFT_THE_MAP),
        edited("shifted after the partition", UNSHIFTED, ROLLED_AFTERWARDS, ROLLED_BACK, STAYED)(
            SHIFT_THE_MAP
        ),
        edited("always shifted by half a window", HALF)(
            "You shift by half a window whatever `shift` says. It is an argument: 0 means windows "
            "that stay."
        ),
        edited("bias forgotten", ("    scores = scores + bias\n", ""))(
            "The bias is missing: a window is a bag of tokens. Each pair's entry of the table is "
            "added to its score."
        ),
        edited("bias transposed", ("transpose(2, 0, 1)", "transpose(2, 1, 0)"))(
            "The bias of query i and key j stands at j, i. Bring the heads to the front and leave "
            "the order of queries and keys: (A, A, h) -> (h, A, A), transpose(2, 0, 1)."
        ),
        edited(
            "bias of the table's row order",
            (
                "relative_position_index(window, window)",
                "np.arange(window**4) % (2 * window - 1) ** 2"
                "\n    index = index.reshape(window**2, window**2)",
            ),
        )(
            "You take the table's rows in the order in which they stand. Which row a pair of "
            "tokens has is what relative_position_index says."
        ),
        edited("rows and columns of the table exchanged", ('params["bias_table"]', OTHER_ORDER))(
            "Offsets down and across are exchanged in your bias: a step down gets what belongs to "
            "a step to the right. relative_position_index has them in the table's order."
        ),
        edited(
            "bias reshaped",
            ("[index].transpose(2, 0, 1)", "[index].reshape(num_heads, *index.shape)"),
        )(
            "The bias is (A, A, h), and a reshape to (h, A, A) mixes up heads and tokens. Move the "
            "axis: transpose(2, 0, 1)."
        ),
        edited("one head's bias for all", ("transpose(2, 0, 1)", "transpose(2, 0, 1)[:1]"))(
            "All heads get the bias of the first. The table has a column for each head."
        ),
        edited("the mean of the heads' biases", ("transpose(2, 0, 1)", "mean(-1)"))(
            "All heads get the mean of their biases. The table has a column for each head."
        ),
        edited("bias multiplied", ("scores + bias", "scores * bias"))(
            "The bias is added to the scores, not multiplied with them."
        ),
        edited("bias subtracted", ("scores + bias", "scores - bias"))(
            "The bias is added to the scores, not subtracted."
        ),
        edited(
            "bias after the softmax",
            ("scores + bias", "scores"),
            ("softmax(scores)", "softmax(scores) + bias"),
        )("You add the bias to the weights. It is added to the scores, before the softmax."),
        edited("scale by √C", (SQUARE_ROOT, "np.float32(channels**0.5)"))(
            "You divide the scores by √C. A head's dot product adds up d = C / h terms: divide by "
            "√d."
        ),
        edited("scores not scaled", (SQUARE_ROOT, "1"))(
            "The scores are not divided by √d. attention_scores does it."
        ),
        edited("scores divided by d", (SQUARE_ROOT, "queries.shape[-1]"))(
            "You divide the scores by d. It is the square root of d."
        ),
        edited("scaled by the window", (SQUARE_ROOT, "window"))(
            "You divide the scores by M, the root of the number of tokens. It is the root of a "
            "head's width, √d."
        ),
        edited("bias before the scale", *SCALED_LATER)(
            "You add the bias and then divide both by √d. Only the dot product is divided: scale "
            "first, then add."
        ),
        edited(
            "softmax over the queries",
            ("softmax(scores)", "softmax(scores.swapaxes(-1, -2)).swapaxes(-1, -2)"),
        )(
            "Each column of your weights sums to 1. A query shares its attention among the keys: "
            "softmax over the last axis."
        ),
        edited(
            "output projection forgotten", ('    mixed = project(mixed, params["output"])\n', "")
        )("The last projection is missing: after the heads are merged comes params['output']."),
        edited("one projection for all three", ("params[role])", 'params["query"])'))(
            "Queries, keys and values all come from the kernel of the query. Each has its own."
        ),
        edited("windows not projected", (PROJECT, "split_heads(cut, num_heads)"))(
            "Queries, keys and values are the tokens as they are. Each has a kernel and a bias in "
            "params."
        ),
        edited("heads split by one reshape", (PROJECT, SPLIT_BY_RESHAPE))(
            "Heads are split by a reshape alone, which takes tokens apart. Use split_heads."
        ),
        edited(
            "heads merged by one reshape",
            ("merge_heads(weights @ values)", "(weights @ values).reshape(cut.shape)"),
        )(
            "Heads are merged by a reshape alone: heads and tokens must change places before it. "
            "Use merge_heads."
        ),
        edited("map cut by one reshape", (CUT, "shifted.reshape(-1, window**2, channels)"))(
            "A plain reshape gives strips of rows, not windows. Use window_partition."
        ),
        edited("map put together by one reshape", (BACK, "mixed.reshape(x.shape)"))(
            "A plain reshape does not put windows together: it lays their tokens out in one long "
            "row. Use window_reverse."
        ),
        edited(
            "map cut and put together by one reshape",
            (CUT, "shifted.reshape(-1, window**2, channels)"),
            (BACK, "mixed.reshape(x.shape)"),
        )(
            "Your windows are strips of rows: a plain reshape keeps the order, there and back. Use "
            "window_partition and window_reverse."
        ),
        edited(
            "height and width swapped on the way back",
            (BACK, "window_reverse(mixed, window, width, height)"),
        )(
            "The windows are put together to a map W high and H wide. window_reverse wants the "
            "height first."
        ),
        edited("windows returned", (BACK, "mixed"), STAYED)(
            "You return windows, (B·nW, A, C). Put them together to a map, and shift it back."
        ),
    ),
)
