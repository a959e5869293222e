"""Exercise `fourier_features`: a place as waves of many frequencies."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import positional_encoding as reference


def fourier_features(positions, num_bands, max_resolution):
    frequencies = np.linspace(1, max_resolution / 2, num_bands)
    angles = positions[:, :, None] * frequencies * np.pi  # (N, k, bands)
    sines, cosines = np.sin(angles), np.cos(angles)
    waves = np.concatenate([sines, cosines], axis=1)  # (N, 2k, bands)
    waves = waves.reshape(len(positions), -1)
    return np.concatenate([positions, waves], axis=-1)


def fourier_cases(rng):
    def case(shows, count, axes, num_bands, max_resolution):
        positions = rng.uniform(-1, 1, (count, axes)).astype("float32")
        positions[:3] = np.array([[-1], [0], [1]])  # the edges and the middle
        sizes = {"num_bands": num_bands, "max_resolution": max_resolution}
        return Case(shows, {"positions": positions, **sizes})

    bands, count = (int(n) for n in rng.permutation([3, 5, 7, 11])[:2])
    return [
        case("places on a picture", 7, 2, 5, 32),
        case("places on a line", 11, 1, 7, 17),
        case("places in a film", 5, 3, 2, 24),
        case("a single band", 7, 2, 1, 10),
        case("more bands than places", 5, 2, 13, 40),
        case("places on a picture", count + 2, 2, bands, int(rng.integers(9, 60))),
    ]


LADDER = (
    by_hand(positions=np.float32([[0.5]]), num_bands=2, max_resolution=4),
    by_hand(positions=np.float32([[0.5, 0.25]]), num_bands=2, max_resolution=4),
    by_hand(positions=np.float32([[0.5], [-0.5], [0.25]]), num_bands=2, max_resolution=5),
)


EACH_AXIS_WHOLE = (
    ("[sines, cosines], axis=1", "[positions[:, :, None], sines, cosines], axis=2"),
    ("np.concatenate([positions, waves], axis=-1)", "waves"),
)

FOURIER_FEATURES = Exercise(
    id="fourier_features",
    title="A place as waves of many frequencies",
    points=3,
    reference=reference.fourier_features,
    answer=fourier_features,
    cases=fourier_cases,
    ladder=LADDER,
    outputs={"features": "N k·(2·bands+1)"},
    hints=(
        "Each coordinate is multiplied by each frequency. How do you get all products at once? And "
        "in which order does a reshape lay them side by side?",
        "positions (N, k, 1) times frequencies (bands,) gives (N, k, bands); a reshape to "
        "(N, k·bands) keeps the first axis' bands before those of the second. Then join positions, "
        "sines and cosines along the last axis.",
        "frequencies = linspace(1, …, num_bands);  angles = pi · every coordinate · every "
        "frequency, reshaped to (N, …);  then join three things: which, and in which order?",
    ),
    mistakes=(
        edited("π missing", (" * np.pi", ""))(
            "The factor π is missing: the angles are π · f · p. Without it the lowest wave does "
            "not get round once between -1 and 1."
        ),
        edited("2π", ("np.pi", "2 * np.pi"))(
            "Your angles are 2π · f · p, twice as large as asked. Places run from -1 to 1, a width "
            "of 2, so that π · f · p makes f turns from edge to edge."
        ),
        edited("degrees", ("np.pi", "np.pi**2 / 180"))(
            "You turn the angles from degrees into radians. π · f · p are radians already, which "
            "is what sin and cos take."
        ),
        edited("degrees", ("np.pi", "np.pi / 180"))(
            "You turn the places from degrees into radians. The angles are π · f · p, and that is "
            "radians already."
        ),
        edited("frequencies up to max_resolution", (" / 2", ""))(
            "Your frequencies go up to max_resolution. A grid of that many points sees no wave "
            "with more than half as many turns (Nyquist): end at max_resolution / 2."
        ),
        edited("frequencies up to max_resolution / 4", ("/ 2", "/ 4"))(
            "Your frequencies end at max_resolution / 4. They go up to max_resolution / 2, where "
            "the wave changes sign from pixel to pixel."
        ),
        edited("logarithmic spacing", ("linspace", "geomspace"))(
            "Your frequencies grow by the same factor from one to the next. Here they grow by the "
            "same step: linspace from 1 to max_resolution / 2."
        ),
        *(
            edited(
                "frequencies of the sinusoids",
                (
                    "np.linspace(1, max_resolution / 2, num_bands)",
                    "10000.0 ** (-np.arange(num_bands) / num_bands)",
                ),
                ("* np.pi", pi),
            )(
                "Your frequencies are those of notebook 3's sinusoids, which fall from 1. Here "
                "they lie evenly between 1 and max_resolution / 2, times π."
            )
            for pi in ("* np.pi", "")
        ),
        edited(
            "powers of 2",
            ("np.linspace(1, max_resolution / 2, num_bands)", "2.0 ** np.arange(num_bands)"),
        )(
            "Your frequencies double from one to the next, as in models of 3-D scenes. Here they "
            "lie evenly between 1 and max_resolution / 2."
        ),
        edited(
            "powers of 2",
            ("np.linspace(1, max_resolution / 2, num_bands)", "2.0 ** np.arange(1, num_bands + 1)"),
        )(
            "Your frequencies are powers of 2, as in models of 3-D scenes. Here they lie evenly "
            "between 1 and max_resolution / 2."
        ),
        edited(
            "whole numbers as frequencies",
            ("np.linspace(1, max_resolution / 2, num_bands)", "np.arange(1, num_bands + 1)"),
        )(
            "Your frequencies are 1, 2, 3 and so on, whatever max_resolution says. The last one "
            "should be max_resolution / 2: linspace(1, max_resolution / 2, num_bands)."
        ),
        edited("frequencies from 0", ("linspace(1", "linspace(0"))(
            "Your frequencies start at 0, and a wave of frequency 0 is the same everywhere. Start "
            "at 1."
        ),
        edited("the last frequency left out", ("num_bands)", "num_bands, endpoint=False)"))(
            "Your frequencies stop one step short of max_resolution / 2. Both ends count: "
            "linspace has num_bands points, the last one included."
        ),
        edited("a frequency too many", ("num_bands)", "num_bands + 1)"))(
            "You have one frequency more than num_bands: linspace(1, max_resolution / 2, "
            "num_bands) has both ends in it."
        ),
        edited("from the highest frequency down", ("num_bands)", "num_bands)[::-1]"))(
            "All numbers are there, in another order: the frequencies rise, from 1 to "
            "max_resolution / 2."
        ),
        edited("half of the resolution rounded", ("/ 2", "// 2"))(
            "Right where max_resolution is even. // rounds down: the last frequency is "
            "max_resolution / 2, also where that is no whole number."
        ),
        edited("raw positions forgotten", ("[positions, waves]", "[waves]"))(
            "The waves are right; the raw positions are missing. They come first, k columns."
        ),
        edited("raw positions last", ("[positions, waves]", "[waves, positions]"))(
            "All numbers are there, in another order: the raw positions come first."
        ),
        edited("raw positions times π", ("[positions, waves]", "[np.pi * positions, waves]"))(
            "The waves are right. The raw positions go in as they are, without the factor π."
        ),
        edited(
            "frequency-major order",
            ("[:, :, None] * frequencies", "[:, None, :] * frequencies[:, None]"),
        )(
            "All numbers are there, in another order: yours has the lowest frequency of all axes, "
            "then the next. Here come all bands of the first axis, then all of the second: "
            "positions[:, :, None] * frequencies has this order."
        ),
        edited("an axis at a time", ("axis=1", "axis=2"))(
            "All numbers are there, in another order: yours has sines and cosines of the first "
            "axis, then those of the second. Here come the sines of all axes, then all cosines."
        ),
        edited("an axis at a time, with its position", *EACH_AXIS_WHOLE)(
            "All numbers are there, in another order: yours has everything about the first axis, "
            "then everything about the second. Here come the positions of all axes, then all "
            "sines, then all cosines."
        ),
        edited(
            "sine and cosine in pairs",
            ("np.concatenate([sines, cosines], axis=1)", "np.stack([sines, cosines], axis=-1)"),
        )(
            "All numbers are there, in another order: you alternate sine and cosine, as notebook 3 "
            "did. Here come all sines, then all cosines: concatenate, do not stack."
        ),
        edited("cosines before sines", ("[sines, cosines]", "[cosines, sines]"))(
            "All numbers are there, in another order: sines come before cosines."
        ),
        edited("sines twice", ("np.cos", "np.sin"))(
            "Both halves of your waves are sines. The second is the cosines: a sine alone cannot "
            "tell p from the place where it has the same height again."
        ),
        edited(
            "not flattened",
            *EACH_AXIS_WHOLE,
            ("    waves = waves.reshape(len(positions), -1)\n", ""),
        )(
            "The numbers are right, but with an axis too many: (N, k, 2·bands + 1). The result is "
            "(N, k·(2·bands + 1)): positions, then all sines, then all cosines."
        ),
        edited("features before places", ("axis=-1)", "axis=-1).T"))(
            "Yours has a row for each feature. Make it a row for each place, (N, k·(2·bands + 1))."
        ),
    ),
)
