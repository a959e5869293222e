"""Exercise `sinusoidal_encoding`: each position as the hands of many clocks."""

import numpy as np

from course_utils.checking.driver import SLIPS, Unusable, call
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import positional_encoding as reference


def sinusoidal_encoding(length, dim):
    if dim % 2:
        raise ValueError("dim must be even")
    position = np.arange(length)[:, None]
    pair = np.arange(dim // 2)
    angles = position / 10000 ** (2 * pair / dim)
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return pairs.reshape(length, dim)


def sinusoid_cases(rng):
    short, middle, long = sorted(int(n) for n in rng.choice(LENGTHS, size=3, replace=False))
    shapes = {
        "several positions": (middle, 6),
        "more features than positions": (short, 16),
        "many positions": (long + 60, 10),
        "a single pair of features": (short, 2),
    }
    cases = [Case(shows, {"length": n, "dim": dim}) for shows, (n, dim) in shapes.items()]
    # One feature fewer than a case before: JAX has compiled for that shape already.
    length, dim = list(shapes.values())[rng.integers(3)]
    odd = Case("an odd dim is refused", {"length": length, "dim": dim - 1}, label=f"dim={dim - 1}")
    return [*cases, odd]


LADDER = (by_hand(length=2, dim=2), by_hand(length=3, dim=4), by_hand(length=2, dim=3))
LENGTHS = (5, 7, 11, 13, 17, 19)
ODD = "An odd dim should raise ValueError: sine and cosine come in pairs."


def encode(solution, inputs):
    """Call the solution. What an odd dim should bring is a ValueError, and True stands for it; the
    next even dim must not bring one, or a solution that always raises would be right."""
    if inputs["dim"] % 2 == 0:
        return call(solution, inputs)
    # 3 too: there NumPy copies one column into two without a word.
    for dim in (inputs["dim"], 3):
        try:
            call(solution, {**inputs, "dim": dim})
        except ValueError:
            continue
        except (NotImplementedError, *SLIPS):
            raise
        except Exception as error:
            raise Unusable("unfit", ODD) from error
        raise Unusable("unfit", ODD)
    call(solution, {**inputs, "dim": inputs["dim"] + 1})
    return np.array(True)


SWAPPED = ("np.sin(angles), np.cos(angles)", "np.cos(angles), np.sin(angles)")
BLOCKS = ("stack", "concatenate")
NOT_REFUSED = ('raise ValueError("dim must be even")', "dim -= 1")


def both(name, *edits):
    """A mistake twice: by students who have not come to an odd dim yet, and by those who have."""
    return lambda sentence: [edited(name, *more, *edits)(sentence) for more in ([NOT_REFUSED], [])]


COLUMN_INDEX = (
    "Your exponent counts columns where it should count pairs. Pair i has the columns 2i and "
    "2i + 1, and both divide by 10000^(2i/D): with a column index c, that is 10000^(c/D) for even "
    "c, and 10000^((c - 1)/D) for odd c."
)
TURNS_ALIKE = (
    "All your pairs turn equally fast: they have the same frequency. Divide the position by "
    "10000^(2i/D), with / and not //, which rounds the exponent down to 0."
)

SINUSOIDAL_ENCODING = Exercise(
    id="sinusoidal_encoding",
    title="Positions as waves",
    points=3,
    reference=reference.sinusoidal_encoding,
    answer=sinusoidal_encoding,
    cases=sinusoid_cases,
    ladder=LADDER,
    outputs={"encoding": "N D"},
    driver=encode,
    hints=(
        "Think of D/2 clock hands, each slower than the one before. A position is where all the "
        "hands point: sine and cosine of each.",
        "positions (N, 1) times frequencies (1, D/2) are angles (N, D/2). Sine and cosine, stacked "
        "on a new last axis (N, D/2, 2), reshape to (N, D) with the pairs side by side.",
        "Refuse an odd dim first. angles = arange(length)[:, None] / 10000 ** (…), where the "
        "exponent runs over the pairs, 0, 2/D, 4/D … Then stack, not concatenate, and reshape.",
    ),
    mistakes=(
        *both(
            "exponent uses the column index as i",
            ("2 * pair", "2 * (2 * pair)"),
            ("np.cos(angles)", "np.cos(position / 10000 ** (2 * (2 * pair + 1) / dim))"),
        )(COLUMN_INDEX),
        edited(
            "brackets missing in the exponent",
            ("10000 ** (2 * pair / dim)", "10000**2 * pair / dim"),
        )(
            "Your exponent is 2 alone: ** comes before * and /. Put it into brackets: "
            "10000 ** (2 * i / dim)."
        ),
        edited(
            "positions divided by the length", ("position / 10000", "position / length / 10000")
        )(
            "Your positions run from 0 to 1: they are divided by the length. Here they are "
            "counted, 0, 1, 2 and so on, whatever the length is."
        ),
        edited("odd dim not refused", NOT_REFUSED)(
            "Right for an even dim. An odd one leaves a sine without its cosine: raise a "
            "ValueError then, and no other error, before anything else."
        ),
        *both("exponent uses the column index as i", ("2 * pair", "2 * (2 * pair)"))(COLUMN_INDEX),
        *both(
            "cosine with a frequency of its own",
            ("np.cos(angles)", "np.cos(position / 10000 ** ((2 * pair + 1) / dim))"),
        )(
            "Your sines are right, your cosines turn too slowly: the exponent has gone on to the "
            "next column. Both columns of a pair, 2i and 2i + 1, divide by 10000^(2i/D)."
        ),
        *both("sine and cosine swapped", SWAPPED)(
            "Sine and cosine are exchanged: even columns hold the sines, odd ones the cosines. "
            "Position 0 is then 0, 1, 0, 1, …"
        ),
        *both("blocks [sin, cos]", BLOCKS)(
            "The numbers are right, in another order: first all sines, then all cosines. That is a "
            "fine layout, and much code uses it. Here the two of a pair stand side by side: stack "
            "them on a new last axis, then reshape."
        ),
        *both("blocks [cos, sin]", SWAPPED, BLOCKS)(
            "The numbers are right, in another order: first all cosines, then all sines, as "
            "diffusion models have it. Here the two of a pair stand side by side, sine first: "
            "stack them on a new last axis, then reshape."
        ),
        *both("position from 1", ("arange(length)", "arange(1, length + 1)"))(
            "You are one position ahead: the first token has position 0, where all sines are 0 "
            "and all cosines 1. Count with arange(length)."
        ),
        *both("degrees", ("position /", "np.deg2rad(position) /"))(
            "You turn the angles from degrees into radians. They are radians already, which is "
            "what sin and cos take: leave π / 180 out."
        ),
        *both("whole turns", ("position /", "2 * np.pi * position /"))(
            "You multiply the angles by 2π. Here the position itself, divided by 10000^(2i/D), is "
            "the angle in radians: the first pair needs 6.28 tokens for a turn."
        ),
        *both("10000 forgotten", ("10000", "1"))(TURNS_ALIKE),
        *both("10000 inverted", ("position /", "position *"))(
            "You multiply by 10000^(2i/D), so each pair turns faster than the one before. Divide: "
            "the first pair is the fastest, the others ever slower."
        ),
        *both("factor 2 missing in the exponent", ("2 * pair", "pair"))(
            "Your slowest pair is too fast: the exponent is i/D, it should be 2i/D. There are only "
            "D/2 pairs, and together they should span from 1 to almost 1/10000."
        ),
        *both("last frequency exactly 1/10000", ("2 * pair / dim", "pair / max(dim // 2 - 1, 1)"))(
            "Your frequencies end at 1/10000: the exponent is i / (D/2 - 1). Some published code "
            "does that. The paper's is 2i/D, which stops just short of 1."
        ),
        *both("sines only", ("np.cos", "np.sin"))(
            "Both columns of each pair hold the sine. The odd one should hold the cosine: a sine "
            "alone does not tell 1 from π - 1."
        ),
        *both(
            "positions and features exchanged", ("reshape(length, dim)", "reshape(length, dim).T")
        )(
            "Yours is (D, N): one row for each feature. Make it one row for each position, "
            "positions[:, None] * frequencies[None, :]."
        ),
        *both("an axis in front", ("reshape(length, dim)", "reshape(1, length, dim)"))(
            "The numbers are right, with a batch axis in front: (1, N, D). Leave it out, "
            "broadcasting adds it when the encoding meets the tokens."
        ),
    ),
)
