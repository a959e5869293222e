"""Exercise `offset_rotation`: one matrix moves every position. Judged by what it does."""

import numpy as np

from course_utils.checking.driver import Unusable
from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.positional_encoding.sinusoidal_encoding import frequencies, waves
from course_utils.reference import positional_encoding as reference

# A matrix fitted to a short table can be right there and nowhere else: its slow waves have hardly
# moved yet. So we look far out, too.
NEAR, FAR = np.arange(50), np.arange(1000)
CLOSE = 1e-4


def rotation_cases(rng):
    first, second, third = (int(n) for n in rng.choice(OFFSETS, size=3, replace=False))
    return [
        Case("one step on", {"offset": 1, "dim": 6}),
        Case("several steps on", {"offset": first, "dim": 6}),
        Case("several steps on", {"offset": second, "dim": 16}),
        Case("steps back", {"offset": -third, "dim": 6}, label="a negative offset"),
        Case("no step at all", {"offset": 0, "dim": 16}, label="offset 0"),
        Case("a single pair of features", {"offset": second, "dim": 2}),
    ]


OFFSETS = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)


def watch_rotation(inputs, arrays):
    """See whether the matrix moves the sinusoids. One that does is as good as the exact one, to
    which the others are compared."""
    offset, dim = inputs["offset"], inputs["dim"]
    rotation = arrays["rotation"].astype("float64")
    if rotation.shape != (dim, dim) or not np.isfinite(rotation).all():
        return {"rotation": rotation}
    error = [
        np.abs(waves(p[:, None] * frequencies(dim)) @ rotation - moved(p, offset, dim)).max()
        for p in (NEAR, FAR)
    ]
    if max(error) <= CLOSE:
        return {"rotation": turned(offset, dim)}
    if error[0] <= CLOSE:
        raise Unusable(
            "far",
            f"Your rotation is right for the positions 0 to {NEAR[-1]}, but not far from there: "
            f"up to position {FAR[-1]} it is off by up to {error[1]:.2g}. A fit to a table cannot "
            "tell slow waves apart; write the sines and cosines of the turn down instead.",
        )
    return {"rotation": rotation}


def moved(positions, offset, dim):
    return waves((positions[:, None] + offset) * frequencies(dim))


def turned(offset, dim, sign=1, frequency=frequencies):
    """The right matrix, or one that differs in the sense of the turn or in its frequencies."""
    return of_blocks(offset * frequency(dim), lambda c, s: [[c, -sign * s], [sign * s, c]])


def of_blocks(angles, block):
    """Blocks of 2 by 2 along the diagonal, each from its cosine and sine."""
    dim = 2 * len(angles)
    rotation = np.zeros((dim, dim))
    for pair, angle in enumerate(angles):
        place = slice(2 * pair, 2 * pair + 2)
        rotation[place, place] = block(np.cos(angle), np.sin(angle))
    return rotation


def blocks_apart(offset, dim):
    """Right for the layout [sin, cos]."""
    cosine, sine = (np.diag(f(offset * frequencies(dim))) for f in (np.cos, np.sin))
    return np.block([[cosine, -sine], [sine, cosine]])


OFFSET_ROTATION = Exercise(
    id="offset_rotation",
    title="A step is a rotation",
    points=3,
    reference=reference.offset_rotation,
    cases=rotation_cases,
    outputs={"rotation": "D D"},
    observe=watch_rotation,
    hints=(
        "Look at one pair, (sin a, cos a). A step turns its angle a by t, the offset times the "
        "pair's frequency. School has formulas for sin(a + t) and cos(a + t).",
        "rotation (D, D) is zero but for D/2 blocks of 2 by 2 along the diagonal. Column 2i says "
        "how the new sine is made of the old sine (row 2i) and the old cosine (row 2i + 1).",
        "t = offset / 10000 ** (2 * i / dim);  rotation[2i:2i+2, 2i:2i+2] = "
        "[[cos(t), -sin(t)], [sin(t), cos(t)]], for each pair i",
    ),
    mistakes=(
        Mistake(
            "rotates backwards (transposed)",
            lambda offset, dim: turned(offset, dim, sign=-1),
            "Your matrix turns the other way: it moves positions back by the offset. It is the "
            "transpose of the right one, which is what rotation @ encoding[p] would need. Here the "
            "encoding stands on the left, as a row: change the sign of the sines.",
        ),
        Mistake(
            "one frequency for all pairs",
            lambda offset, dim: turned(offset, dim, frequency=lambda d: np.ones(d // 2)),
            "All your blocks turn by the same angle. Each pair has a frequency of its own: pair i "
            "turns by offset / 10000^(2i/D).",
        ),
        Mistake(
            "one frequency for all pairs, backwards",
            lambda offset, dim: turned(offset, dim, -1, lambda d: np.ones(d // 2)),
            "All your blocks turn by the same angle, and the other way. Pair i turns by "
            "offset / 10000^(2i/D), with a minus before the sine at the upper right.",
        ),
        Mistake(
            "exponent uses the column index as i",
            lambda offset, dim: turned(offset, dim, frequency=lambda d: frequencies(d) ** 2),
            "The pairs after the first turn too slowly: your exponent counts columns where it "
            "should count pairs. Pair i, in columns 2i and 2i + 1, turns by offset / 10000^(2i/D).",
        ),
        Mistake(
            "factor 2 missing in the exponent",
            lambda offset, dim: turned(offset, dim, frequency=lambda d: frequencies(d) ** 0.5),
            "The pairs after the first turn too fast: the exponent is i/D, it should be 2i/D.",
        ),
        Mistake(
            "10000 inverted",
            lambda offset, dim: turned(offset, dim, frequency=lambda d: 1 / frequencies(d)),
            "You multiply the offset by 10000^(2i/D), so each pair turns faster than the one "
            "before. Divide.",
        ),
        Mistake(
            "layout [sin, cos]",
            blocks_apart,
            "This is the rotation for an encoding with all sines first. In ours sine and cosine of "
            "a pair stand side by side, so the blocks of 2 by 2 lie along the diagonal.",
        ),
        Mistake(
            "layout [sin, cos], backwards",
            lambda offset, dim: blocks_apart(-offset, dim),
            "This is the rotation for an encoding with all sines first, and it turns the other "
            "way. In ours sine and cosine of a pair stand side by side, so the blocks of 2 by 2 "
            "lie along the diagonal: [[cos, -sin], [sin, cos]].",
        ),
        Mistake(
            "both sines with the same sign",
            lambda offset, dim: of_blocks(offset * frequencies(dim), lambda c, s: [[c, s], [s, c]]),
            "Both sines in your blocks have the same sign, which is no rotation. cos(a + t) = "
            "cos a · cos t - sin a · sin t: the sine at the upper right has a minus.",
        ),
        Mistake(
            "sine and cosine swapped in the blocks",
            lambda offset, dim: of_blocks(
                offset * frequencies(dim), lambda c, s: [[s, -c], [c, s]]
            ),
            "Sine and cosine are exchanged: with offset 0 your matrix should be the identity. "
            "Cosines stand on the diagonal.",
        ),
        Mistake(
            "negative offsets taken for positive",
            lambda offset, dim: turned(abs(offset), dim),
            "Right for steps on. A negative offset should turn back: leave its sign as it is.",
        ),
        Mistake(
            "degrees",
            lambda offset, dim: turned(np.deg2rad(offset), dim),
            "Your matrix turns far too little: you take the angles for degrees. "
            "offset / 10000^(2i/D) is in radians already.",
        ),
        Mistake(
            "always one step",
            lambda offset, dim: turned(1, dim),
            "Your matrix always moves on by one token. Multiply each frequency by the offset.",
        ),
        Mistake(
            "identity",
            lambda offset, dim: np.eye(dim),
            "The identity leaves every position where it is. Each pair has to turn by its "
            "frequency times the offset.",
        ),
        Mistake(
            "shifts the features",
            lambda offset, dim: np.roll(np.eye(dim), offset, axis=1),
            "Your matrix moves the features round. They stay in their columns; what changes is the "
            "angle of each pair.",
        ),
        Mistake(
            "one block only",
            lambda offset, dim: turned(offset, dim)[:2, :2],
            "This is the block of the first pair, (2, 2). Put one block for each pair along the "
            "diagonal of a (D, D) matrix of zeros.",
        ),
        Mistake(
            "the code of the offset on the diagonal",
            lambda offset, dim: np.diag(waves(offset * frequencies(dim))),
            "A diagonal matrix only stretches each feature. The new sine needs the old sine and "
            "the old cosine: blocks of 2 by 2.",
        ),
    ),
)
