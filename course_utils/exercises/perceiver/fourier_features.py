"""Exercise `fourier_features`: a place as waves of many frequencies."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.reference import positional_encoding as reference


def fourier_cases(rng):
    def case(shows, count, axes, num_bands, max_resolution):
        positions = rng.uniform(-1, 1, (count, axes)).astype("float32")
        positions[:3] = np.array([[-1], [0], [1]])  # the edges and the middle
        inputs = {
            "positions": positions,
            "num_bands": num_bands,
            "max_resolution": max_resolution,
        }
        return Case(shows, inputs)

    bands, count = (int(n) for n in rng.permutation([3, 5, 7, 11])[:2])
    return [
        case("places on a picture", 7, 2, 5, 32),
        case("places on a line", 11, 1, 7, 17),
        case("places in a film", 5, 3, 2, 24),
        case("a single band", 7, 2, 1, 10),
        case("more bands than places", 5, 2, 13, 40),
        case("places on a picture", count + 2, 2, bands, int(rng.integers(9, 60))),
    ]


def frequencies(num_bands, max_resolution):
    return np.linspace(1, max_resolution / 2, num_bands)


def waves(angles):
    """angles (N, k, bands) -> sines, then cosines: (N, 2 · k · bands)."""
    angles = angles.reshape(len(angles), -1)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)


def by_hand(positions, num_bands, max_resolution, *, bands=frequencies, factor=np.pi,
            layout=waves, join=None):  # fmt: skip
    """Fourier features with one thing changed: how mistakes are written.

    bands: (num_bands, max_resolution) -> frequencies; factor: of the angles; layout: angles
    (N, k, bands) -> (N, …); join: (positions, waves) -> the result.
    """
    positions = positions.astype("float64")
    angles = factor * positions[:, :, None] * bands(num_bands, max_resolution)
    if join is not None:
        return join(positions, layout(angles))
    return np.concatenate([positions, layout(angles)], axis=-1)


def variant(**changed):
    return lambda positions, num_bands, max_resolution: by_hand(
        positions, num_bands, max_resolution, **changed
    )


def stepped(num_bands, max_resolution):
    """From 1 on in equal steps, the last of which would reach the end."""
    return np.linspace(1, max_resolution / 2, num_bands, endpoint=False)


def doubling(num_bands, max_resolution):
    return 2.0 ** np.arange(num_bands)


def logarithmic(num_bands, max_resolution):
    return np.geomspace(1, max_resolution / 2, num_bands)


def frequency_major(angles):
    return waves(angles.swapaxes(1, 2))


def block_an_axis(angles):
    """For each axis its sines, then its cosines."""
    parts = np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)
    return parts.reshape(len(angles), -1)


def in_pairs(angles):
    """Sine and cosine of the same angle side by side."""
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(angles), -1)


def cosines_first(angles):
    angles = angles.reshape(len(angles), -1)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=-1)


def sines_twice(angles):
    angles = angles.reshape(len(angles), -1)
    return np.concatenate([np.sin(angles), np.sin(angles)], axis=-1)


def each_axis_whole(positions, num_bands, max_resolution):
    """Position, sines and cosines of the first axis, then those of the second."""
    angles = np.pi * positions[:, :, None] * frequencies(num_bands, max_resolution)
    parts = [positions[:, :, None], np.sin(angles), np.cos(angles)]
    return np.concatenate(parts, axis=-1).reshape(len(positions), -1)


def not_flattened(positions, num_bands, max_resolution):
    angles = np.pi * positions[:, :, None] * frequencies(num_bands, max_resolution)
    return np.concatenate([positions[:, :, None], np.sin(angles), np.cos(angles)], axis=-1)


FOURIER_FEATURES = Exercise(
    id="fourier_features",
    title="A place as waves of many frequencies",
    points=3,
    reference=reference.fourier_features,
    cases=fourier_cases,
    outputs={"features": "N k·(2·bands+1)"},
    hints=(
        "Each coordinate is multiplied by each frequency. How do you get all products at once? And "
        "in which order does a reshape lay them side by side?",
        "positions (N, k, 1) times frequencies (bands,) gives (N, k, bands); a reshape to "
        "(N, k·bands) keeps the first axis' bands before those of the second. Then join positions, "
        "sines and cosines along the last axis.",
        "f = linspace(1, max_resolution / 2, num_bands);  "
        "angle = reshape(pi * positions[:, :, None] * f, (N, k * num_bands));  "
        "return concatenate([positions, sin(angle), cos(angle)], axis=-1)",
    ),
    mistakes=(
        Mistake(
            "π missing",
            variant(factor=1),
            "The factor π is missing: the angles are π · f · p. Without it the lowest wave does "
            "not get round once between -1 and 1.",
        ),
        Mistake(
            "2π",
            variant(factor=2 * np.pi),
            "Your angles are 2π · f · p, twice as large as asked. Places run from -1 to 1, a width "
            "of 2, so that π · f · p makes f turns from edge to edge.",
        ),
        Mistake(
            "degrees",
            variant(factor=np.pi**2 / 180),
            "You turn the angles from degrees into radians. π · f · p are radians already, which "
            "is what sin and cos take.",
        ),
        Mistake(
            "degrees",
            variant(factor=np.pi / 180),
            "You turn the places from degrees into radians. The angles are π · f · p, and that is "
            "radians already.",
        ),
        Mistake(
            "frequencies up to max_resolution",
            variant(
                bands=lambda num_bands, max_resolution: np.linspace(1, max_resolution, num_bands)
            ),
            "Your frequencies go up to max_resolution. A grid of that many points sees no wave "
            "with more than half as many turns (Nyquist): end at max_resolution / 2.",
        ),
        Mistake(
            "frequencies up to max_resolution / 4",
            variant(
                bands=lambda num_bands, max_resolution: np.linspace(
                    1, max_resolution / 4, num_bands
                )
            ),
            "Your frequencies end at max_resolution / 4. They go up to max_resolution / 2, where "
            "the wave changes sign from pixel to pixel.",
        ),
        Mistake(
            "logarithmic spacing",
            variant(bands=logarithmic),
            "Your frequencies grow by the same factor from one to the next. Here they grow by the "
            "same step: linspace from 1 to max_resolution / 2.",
        ),
        Mistake(
            "powers of 2",
            variant(bands=doubling),
            "Your frequencies double from one to the next, as in models of 3-D scenes. Here they "
            "lie evenly between 1 and max_resolution / 2.",
        ),
        Mistake(
            "powers of 2",
            variant(bands=lambda n, max_resolution: 2 * doubling(n, max_resolution)),
            "Your frequencies are powers of 2, as in models of 3-D scenes. Here they lie evenly "
            "between 1 and max_resolution / 2.",
        ),
        Mistake(
            "whole numbers as frequencies",
            variant(bands=lambda num_bands, max_resolution: np.arange(1, num_bands + 1)),
            "Your frequencies are 1, 2, 3 and so on, whatever max_resolution says. The last one "
            "should be max_resolution / 2: linspace(1, max_resolution / 2, num_bands).",
        ),
        Mistake(
            "frequencies from 0",
            variant(
                bands=lambda num_bands, max_resolution: np.linspace(
                    0, max_resolution / 2, num_bands
                )
            ),
            "Your frequencies start at 0, and a wave of frequency 0 is the same everywhere. Start "
            "at 1.",
        ),
        Mistake(
            "the last frequency left out",
            variant(bands=stepped),
            "Your frequencies stop one step short of max_resolution / 2. Both ends count: "
            "linspace has num_bands points, the last one included.",
        ),
        Mistake(
            "a frequency too many",
            variant(bands=lambda n, max_resolution: frequencies(n + 1, max_resolution)),
            "You have one frequency more than num_bands: linspace(1, max_resolution / 2, "
            "num_bands) has both ends in it.",
        ),
        Mistake(
            "from the highest frequency down",
            variant(bands=lambda *sizes: frequencies(*sizes)[::-1]),
            "All numbers are there, in another order: the frequencies rise, from 1 to "
            "max_resolution / 2.",
        ),
        Mistake(
            "half of the resolution rounded",
            variant(bands=lambda n, max_resolution: np.linspace(1, max_resolution // 2, n)),
            "Right where max_resolution is even. // rounds down: the last frequency is "
            "max_resolution / 2, also where that is no whole number.",
        ),
        Mistake(
            "raw positions forgotten",
            variant(join=lambda positions, waves: waves),
            "The waves are right; the raw positions are missing. They come first, k columns.",
        ),
        Mistake(
            "raw positions last",
            variant(join=lambda positions, waves: np.concatenate([waves, positions], axis=-1)),
            "All numbers are there, in another order: the raw positions come first.",
        ),
        Mistake(
            "raw positions times π",
            variant(
                join=lambda positions, waves: np.concatenate([np.pi * positions, waves], axis=-1)
            ),
            "The waves are right. The raw positions go in as they are, without the factor π.",
        ),
        Mistake(
            "frequency-major order",
            variant(layout=frequency_major),
            "All numbers are there, in another order: yours has the lowest frequency of all axes, "
            "then the next. Here come all bands of the first axis, then all of the second: "
            "positions[:, :, None] * frequencies has this order.",
        ),
        Mistake(
            "an axis at a time",
            variant(layout=block_an_axis),
            "All numbers are there, in another order: yours has sines and cosines of the first "
            "axis, then those of the second. Here come the sines of all axes, then all cosines.",
        ),
        Mistake(
            "an axis at a time, with its position",
            each_axis_whole,
            "All numbers are there, in another order: yours has everything about the first axis, "
            "then everything about the second. Here come the positions of all axes, then all "
            "sines, then all cosines.",
        ),
        Mistake(
            "sine and cosine in pairs",
            variant(layout=in_pairs),
            "All numbers are there, in another order: you alternate sine and cosine, as notebook 3 "
            "did. Here come all sines, then all cosines: concatenate, do not stack.",
        ),
        Mistake(
            "cosines before sines",
            variant(layout=cosines_first),
            "All numbers are there, in another order: sines come before cosines.",
        ),
        Mistake(
            "sines twice",
            variant(layout=sines_twice),
            "Both halves of your waves are sines. The second is the cosines: a sine alone cannot "
            "tell p from the place where it has the same height again.",
        ),
        Mistake(
            "not flattened",
            not_flattened,
            "The numbers are right, but with an axis too many: (N, k, 2·bands + 1). The result is "
            "(N, k·(2·bands + 1)): positions, then all sines, then all cosines.",
        ),
        Mistake(
            "features before places",
            variant(join=lambda positions, waves: np.concatenate([positions, waves], axis=-1).T),
            "Yours has a row for each feature. Make it a row for each place, (N, k·(2·bands + 1)).",
        ),
    ),
)
