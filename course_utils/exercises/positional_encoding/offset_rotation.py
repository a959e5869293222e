"""Exercise `offset_rotation`: one matrix moves every position. Judged by what it does."""

import numpy as np

from course_utils.checking.driver import Unusable
from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.reference import positional_encoding as reference

# A matrix fitted to a short table can be right there and nowhere else: its slow waves have hardly
# moved yet. So we look far out, too.
NEAR, FAR = np.arange(50), np.arange(1000)
CLOSE = 1e-4


def offset_rotation(offset, dim):
    rotation = np.zeros((dim, dim))
    for i in range(dim // 2):
        turn = offset / 10000 ** (2 * i / dim)
        cosine, sine = np.cos(turn), np.sin(turn)
        place = slice(2 * i, 2 * i + 2)
        rotation[place, place] = [[cosine, -sine], [sine, cosine]]
    return rotation


def rotation_cases(rng):
    first, second, third = (int(n) for n in rng.choice(OFFSETS, size=3, replace=False))
    return [
        Case("one step on", {"offset": 1, "dim": 6}),
        Case("several steps on", {"offset": first, "dim": 6}),
        Case("several steps on", {"offset": second, "dim": 16}),
        Case("several steps on", {"offset": 301, "dim": 16}),  # 9999 for 10000 shows from afar only
        Case("steps back", {"offset": -third, "dim": 6}, label="a negative offset"),
        Case("no step at all", {"offset": 0, "dim": 16}, label="offset 0"),
        Case("a single pair of features", {"offset": second, "dim": 2}),
    ]


LADDER = (by_hand(offset=1, dim=2), by_hand(offset=2, dim=4), by_hand(offset=-1, dim=2))
OFFSETS = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)


def watch_rotation(inputs, arrays):
    """See whether the matrix moves the sinusoids. One that does is as good as the exact one, to
    which the others are compared."""
    offset, dim = inputs["offset"], inputs["dim"]
    rotation = arrays["rotation"].astype("float64")
    if rotation.shape != (dim, dim) or not np.isfinite(rotation).all():
        return {"rotation": rotation}
    error = [np.abs(waves(p, dim) @ rotation - waves(p + offset, dim)).max() for p in (NEAR, FAR)]
    if max(error) <= CLOSE:
        return {"rotation": offset_rotation(offset, dim)}
    if error[0] <= CLOSE:
        raise Unusable(
            "far",
            f"Your rotation is right for the positions 0 to {NEAR[-1]}, but not far from there: "
            f"up to position {FAR[-1]} it is off by up to {error[1]:.2g}. A fit to a table cannot "
            "tell slow waves apart; write the sines and cosines of the turn down instead.",
        )
    return {"rotation": rotation}


def waves(positions, dim):
    angles = positions[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)  # (N, D/2)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(-1, dim)


# What several mistakes change.
BACKWARDS = (("-sine]", "sine]"), ("[sine,", "[-sine,"))
ALL_ALIKE = (" / 10000 ** (2 * i / dim)", "")
APART = ("slice(2 * i, 2 * i + 2)", "slice(i, None, dim // 2)")

OFFSET_ROTATION = Exercise(
    id="offset_rotation",
    title="A step is a rotation",
    points=3,
    reference=reference.offset_rotation,
    answer=offset_rotation,
    cases=rotation_cases,
    ladder=LADDER,
    outputs={"rotation": "D D"},
    observe=watch_rotation,
    hints=(
        "Look at one pair, (sin a, cos a). A step turns its angle a by t, the offset times the "
        "pair's frequency. School has formulas for sin(a + t) and cos(a + t).",
        "rotation (D, D) is zero but for D/2 blocks of 2 by 2 along the diagonal. Column 2i says "
        "how the new sine is made of the old sine (row 2i) and the old cosine (row 2i + 1).",
        "For each pair i: t = offset / 10000 ** (2 * i / dim), and the block with rows and columns "
        "2i and 2i + 1 is [[cos(t), …], [sin(t), …]]: its second column makes the new cosine.",
    ),
    mistakes=(
        edited("rotates backwards (transposed)", *BACKWARDS)(
            "Your matrix turns the other way: it moves positions back by the offset. It is the "
            "transpose of the right one, which is what rotation @ encoding[p] would need. Here the "
            "encoding stands on the left, as a row: change the sign of the sines."
        ),
        edited("one frequency for all pairs", ALL_ALIKE)(
            "All your blocks turn by the same angle. Each pair has a frequency of its own: pair i "
            "turns by offset / 10000^(2i/D)."
        ),
        edited("one frequency for all pairs, backwards", ALL_ALIKE, *BACKWARDS)(
            "All your blocks turn by the same angle, and the other way. Pair i turns by "
            "offset / 10000^(2i/D), with a minus before the sine at the upper right."
        ),
        edited("exponent uses the column index as i", ("(2 * i /", "(2 * (2 * i) /"))(
            "The pairs after the first turn too slowly: your exponent counts columns where it "
            "should count pairs. Pair i, in columns 2i and 2i + 1, turns by offset / 10000^(2i/D)."
        ),
        edited("factor 2 missing in the exponent", ("(2 * i /", "(i /"))(
            "The pairs after the first turn too fast: the exponent is i/D, it should be 2i/D."
        ),
        edited("10000 inverted", ("offset /", "offset *"))(
            "You multiply the offset by 10000^(2i/D), so each pair turns faster than the one "
            "before. Divide."
        ),
        edited("layout [sin, cos]", APART)(
            "This is the rotation for an encoding with all sines first. In ours sine and cosine of "
            "a pair stand side by side, so the blocks of 2 by 2 lie along the diagonal."
        ),
        edited("layout [sin, cos], backwards", APART, *BACKWARDS)(
            "This is the rotation for an encoding with all sines first, and it turns the other "
            "way. In ours sine and cosine of a pair stand side by side, so the blocks of 2 by 2 "
            "lie along the diagonal: [[cos, -sin], [sin, cos]]."
        ),
        edited("both sines with the same sign", ("-sine", "sine"))(
            "Both sines in your blocks have the same sign, which is no rotation. cos(a + t) = "
            "cos a · cos t - sin a · sin t: the sine at the upper right has a minus."
        ),
        edited("sine and cosine swapped in the blocks", ("cosine, sine =", "sine, cosine ="))(
            "Sine and cosine are exchanged: with offset 0 your matrix should be the identity. "
            "Cosines stand on the diagonal."
        ),
        edited("negative offsets taken for positive", ("offset /", "abs(offset) /"))(
            "Right for steps on. A negative offset should turn back: leave its sign as it is."
        ),
        edited("degrees", ("offset /", "np.deg2rad(offset) /"))(
            "Your matrix turns far too little: you take the angles for degrees. "
            "offset / 10000^(2i/D) is in radians already."
        ),
        edited("always one step", ("offset /", "1 /"))(
            "Your matrix always moves on by one token. Multiply each frequency by the offset."
        ),
        edited("identity", ("return rotation", "return np.eye(dim)"))(
            "The identity leaves every position where it is. Each pair has to turn by its "
            "frequency times the offset."
        ),
        edited(
            "shifts the features",
            ("return rotation", "return np.roll(np.eye(dim), offset, axis=1)"),
        )(
            "Your matrix moves the features round. They stay in their columns; what changes is the "
            "angle of each pair."
        ),
        edited("one block only", ("return rotation", "return rotation[:2, :2]"))(
            "This is the block of the first pair, (2, 2). Put one block for each pair along the "
            "diagonal of a (D, D) matrix of zeros."
        ),
        edited(
            "the code of the offset on the diagonal",
            ("[[cosine, -sine], [sine, cosine]]", "[[sine, 0], [0, cosine]]"),
        )(
            "A diagonal matrix only stretches each feature. The new sine needs the old sine and "
            "the old cosine: blocks of 2 by 2."
        ),
    ),
)
