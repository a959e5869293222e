"""Exercise `conv_kernel_from_dense`: the same embedding, written as a convolution."""

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import vision_transformer as reference


def conv_kernel_from_dense(kernel, patch_size, channels):
    P, C, D = patch_size, channels, kernel.shape[1]
    return kernel.reshape(P, P, C, D)


def kernel_cases(rng):
    def case(shows, patch_size, channels, dim):
        kernel = normal(rng, patch_size**2 * channels, dim)
        return Case(shows, {"kernel": kernel, "patch_size": patch_size, "channels": channels})

    return [
        case("patches of a colour image", 2, 3, 7),
        case("patches of many channels", 3, 5, 2),
        case("patches of a grey image", 3, 1, 5),
        case("as many channels as rows", 3, 3, 3),
        case("patches of one pixel", 1, 5, 7),
    ]


LADDER = (
    by_hand(kernel=numbered(8, 1), patch_size=2, channels=2),
    by_hand(kernel=numbered(4, 2), patch_size=2, channels=1),
    by_hand(kernel=numbered(8, 3), patch_size=2, channels=2),
)


ROW_ORDER = (
    "The shape is right and the entries are not. The rows of the kernel are in the order of a flat "
    "patch: row, column, channel. So split the first axis as (P, P, C), in this order."
)

MISTAKES = (
    edited("wrong reshape order", ("P, P, C, D)", "C, P, P, D).transpose(1, 2, 0, 3)"))(ROW_ORDER),
    edited("wrong reshape order", ("P, P, C, D)", "P, C, P, D).transpose(0, 2, 1, 3)"))(ROW_ORDER),
    edited("wrong reshape order", ("P, P, C, D)", "D, P, P, C).transpose(1, 2, 3, 0)"))(
        "The shape is right and the entries are not: reshape cut the first axis as if it were D. "
        "The features are the last axis of the dense kernel and stay last: (P, P, C, D)."
    ),
    edited("wrong reshape order", ("P, P, C, D)", "P, P, D, C).transpose(0, 1, 3, 2)"))(
        "The shape is right and the entries are not: features and channels got mixed. Reshape to "
        "(P, P, C, D) at once, with the features last, where they are already."
    ),
    edited("kernel transposed first", ("kernel.reshape", "kernel.T.reshape"))(
        "You transposed the dense kernel before the reshape. Its rows already stand for the "
        "pixels of a patch: cut the first axis, and leave the features last."
    ),
    edited("transposed", ("D)", "D).transpose(1, 0, 2, 3)"))(
        "Rows and columns of the patch are exchanged: your convolution sees each patch mirrored "
        "at its diagonal. The first axis is the row, the second the column."
    ),
    edited("turned round", ("D)", "D)[::-1, ::-1]"))(
        "You turned the kernel round, as a convolution in mathematics does. Conv2D in Keras does "
        "not flip: leave rows and columns as they are."
    ),
    edited("PyTorch's order of axes", ("D)", "D).transpose(3, 2, 0, 1)"))(
        "The numbers are right, in the order of PyTorch: (D, C, P, P). Keras wants (P, P, C, D)."
    ),
    edited("channels in front", ("D)", "D).transpose(2, 0, 1, 3)"))(
        "The numbers are right, but the channels stand in front: (C, P, P, D). It should be (P, "
        "P, C, D)."
    ),
    edited("channels behind the features", ("D)", "D).transpose(0, 1, 3, 2)"))(
        "The numbers are right, but the channels are last: (P, P, D, C). What goes in comes "
        "before what comes out: (P, P, C, D)."
    ),
    edited("one flat patch", ("P, P, C, D", "P * P, C, D"))(
        "(P·P, C, D): rows and columns of the patch are still one axis. Cut it into two."
    ),
    edited("a convolution along the tokens", ("kernel.reshape(P, P, C, D)", "kernel[None]"))(
        "This kernel fits a convolution over a row of flat patches. The one asked for slides over "
        "the image: (P, P, C, D)."
    ),
    edited("left as it is", ("kernel.reshape(P, P, C, D)", "kernel"))(
        "This is the dense kernel as it came. Cut its first axis into (P, P, C)."
    ),
    edited("averaged", ("D)", "D) / (P * P)"))(
        "You divide by the number of pixels. A convolution adds up, just as Dense does: the "
        "numbers stay as they are."
    ),
    edited("channels added up", ("D)", "D).sum(axis=2, keepdims=True).repeat(C, axis=2)"))(
        "All channels got the same numbers, so the colour is lost. Each keeps its own."
    ),
)

CONV_KERNEL = Exercise(
    id="conv_kernel_from_dense",
    title="The same embedding as a convolution",
    points=2,
    reference=reference.conv_kernel_from_dense,
    answer=conv_kernel_from_dense,
    cases=kernel_cases,
    ladder=LADDER,
    outputs={"conv kernel": "P P C D"},
    hints=(
        "Row 0 of the dense kernel meets the patch's first row, first column, first channel. Where "
        "in the convolution's kernel is the number that meets the same pixel?",
        "(P·P·C, D) -> (P, P, C, D): only the first axis is cut, in the order in which patchify "
        "flattened it.",
        "One reshape is enough, from two axes to four. The last is the features', as it was; which "
        "three does the first become?",
    ),
    mistakes=MISTAKES,
)
