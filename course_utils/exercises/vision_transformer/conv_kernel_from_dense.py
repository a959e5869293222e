"""Exercise `conv_kernel_from_dense`: the same embedding, written as a convolution."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.reference import vision_transformer as reference


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


def right(kernel, size, channels):
    return kernel.reshape(size, size, channels, -1)


def channels_first(kernel, size, channels):
    return kernel.reshape(channels, size, size, -1).transpose(1, 2, 0, 3)


def channels_between(kernel, size, channels):
    return kernel.reshape(size, channels, size, -1).transpose(0, 2, 1, 3)


def features_first(kernel, size, channels):
    dim = kernel.shape[1]
    return kernel.reshape(dim, size, size, channels).transpose(1, 2, 3, 0)


def features_before_channels(kernel, size, channels):
    return kernel.reshape(size, size, kernel.shape[1], channels).transpose(0, 1, 3, 2)


def then(function):
    return lambda kernel, size, channels: function(right(kernel, size, channels))


ROW_ORDER = (
    "The shape is right and the entries are not. The rows of the kernel are in the order of a flat "
    "patch: row, column, channel. So split the first axis as (P, P, C), in this order."
)

CONV_KERNEL = Exercise(
    id="conv_kernel_from_dense",
    title="The same embedding as a convolution",
    points=2,
    reference=reference.conv_kernel_from_dense,
    cases=kernel_cases,
    outputs={"conv kernel": "P P C D"},
    hints=(
        "Row 0 of the dense kernel meets the patch's first row, first column, first channel. Where "
        "in the convolution's kernel is the number that meets the same pixel?",
        "(P·P·C, D) -> (P, P, C, D): only the first axis is cut, in the order in which patchify "
        "flattened it.",
        "return reshape(kernel, (patch_size, patch_size, channels, kernel.shape[1]))",
    ),
    mistakes=(
        Mistake("wrong reshape order", channels_first, ROW_ORDER),
        Mistake("wrong reshape order", channels_between, ROW_ORDER),
        Mistake(
            "wrong reshape order",
            features_first,
            "The shape is right and the entries are not: reshape cut the first axis as if it were "
            "D. The features are the last axis of the dense kernel and stay last: (P, P, C, D).",
        ),
        Mistake(
            "wrong reshape order",
            features_before_channels,
            "The shape is right and the entries are not: features and channels got mixed. Reshape "
            "to (P, P, C, D) at once, with the features last, where they are already.",
        ),
        Mistake(
            "kernel transposed first",
            lambda kernel, size, channels: kernel.T.reshape(size, size, channels, -1),
            "You transposed the dense kernel before the reshape. Its rows already stand for the "
            "pixels of a patch: cut the first axis, and leave the features last.",
        ),
        Mistake(
            "transposed",
            then(lambda kernel: kernel.transpose(1, 0, 2, 3)),
            "Rows and columns of the patch are exchanged: your convolution sees each patch "
            "mirrored at its diagonal. The first axis is the row, the second the column.",
        ),
        Mistake(
            "turned round",
            then(lambda kernel: kernel[::-1, ::-1]),
            "You turned the kernel round, as a convolution in mathematics does. Conv2D in Keras "
            "does not flip: leave rows and columns as they are.",
        ),
        Mistake(
            "PyTorch's order of axes",
            then(lambda kernel: kernel.transpose(3, 2, 0, 1)),
            "The numbers are right, in the order of PyTorch: (D, C, P, P). Keras wants "
            "(P, P, C, D).",
        ),
        Mistake(
            "channels in front",
            then(lambda kernel: kernel.transpose(2, 0, 1, 3)),
            "The numbers are right, but the channels stand in front: (C, P, P, D). It should be "
            "(P, P, C, D).",
        ),
        Mistake(
            "channels behind the features",
            then(lambda kernel: kernel.transpose(0, 1, 3, 2)),
            "The numbers are right, but the channels are last: (P, P, D, C). What goes in comes "
            "before what comes out: (P, P, C, D).",
        ),
        Mistake(
            "one flat patch",
            lambda kernel, size, channels: kernel.reshape(size * size, channels, -1),
            "(P·P, C, D): rows and columns of the patch are still one axis. Cut it into two.",
        ),
        Mistake(
            "a convolution along the tokens",
            lambda kernel, size, channels: kernel[None],
            "This kernel fits a convolution over a row of flat patches. The one asked for slides "
            "over the image: (P, P, C, D).",
        ),
        Mistake(
            "left as it is",
            lambda kernel, size, channels: kernel.copy(),
            "This is the dense kernel as it came. Cut its first axis into (P, P, C).",
        ),
        Mistake(
            "averaged",
            then(lambda kernel: kernel / (kernel.shape[0] * kernel.shape[1])),
            "You divide by the number of pixels. A convolution adds up, just as Dense does: the "
            "numbers stay as they are.",
        ),
        Mistake(
            "channels added up",
            then(lambda kernel: np.repeat(kernel.sum(axis=2, keepdims=True), kernel.shape[2], 2)),
            "All channels got the same numbers, so the colour is lost. Each keeps its own.",
        ),
    ),
)
