"""Exercise `add_class_token`: one more token, which reads the image for all others."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, by_hand, edited
from course_utils.exercises.draw import normal, numbered
from course_utils.reference import vision_transformer as reference


def add_class_token(tokens, class_token):
    in_front = np.repeat(class_token, len(tokens), axis=0)
    return np.concatenate([in_front, tokens], axis=1)


def token_cases(rng):
    def case(shows, batch, length, dim):
        inputs = {"tokens": normal(rng, batch, length, dim), "class_token": normal(rng, 1, 1, dim)}
        return Case(shows, inputs)

    return [
        case("several images", 3, 5, 7),
        case("as many images as tokens", 5, 5, 3),
        case("as many tokens as features", 2, 7, 7),
        case("a single image", 1, 5, 7),
        case("images of a single patch", 3, 1, 5),
    ]


LADDER = (
    by_hand(tokens=numbered(1, 2, 2), class_token=np.float32([[[10, 20]]])),
    by_hand(tokens=numbered(2, 2, 3), class_token=np.float32([[[10, 20, 30]]])),
)


REPEATED = "np.repeat(class_token, len(tokens), axis=0)"
JOINED = "np.concatenate([in_front, tokens], axis=1)"
AT_THE_END = ("[in_front, tokens]", "[tokens, in_front]")
NOT_REPEATED = (REPEATED, "class_token")
FOR_EACH_PATCH = (REPEATED, "np.broadcast_to(class_token, tokens.shape)")
ONE_MORE_IMAGE = (("axis=1", "axis=0"), ("len(tokens), axis=0", "tokens.shape[1], axis=1"))

MISTAKES = (
    edited("at the end", AT_THE_END)(
        "The class token is there, at the end. It goes in front: the head will read tokens[:, 0], "
        "and official weights expect it there."
    ),
    edited("batch of one not repeated", NOT_REPEATED, telling=r"[Dd]imension|shape")(
        "Right for a single image. There is one class token and there are B images: repeat it "
        "along the batch, to (B, 1, D), before you join. concatenate does not broadcast."
    ),
    edited("batch of one not repeated", NOT_REPEATED, AT_THE_END)(
        "There is one class token and there are B images: repeat it along the batch, to (B, 1, "
        "D), before you join. And put it in front of the tokens, not behind them."
    ),
    edited("added instead of joined", (JOINED, "tokens + in_front"))(
        "You add the class token to every patch. It is a token of its own, in front of them: N + "
        "1 tokens."
    ),
    edited("instead of the first patch", ("tokens]", "tokens[:, 1:]]"))(
        "The class token took the place of the first patch, and a corner of the image is gone. "
        "All N patches stay: N + 1 tokens."
    ),
    edited("joined along the features", FOR_EACH_PATCH, ("axis=1", "axis=-1"))(
        "You put the class token beside each patch's features: (B, N, 2D). It is one more token: "
        "join along axis 1, to (B, N + 1, D)."
    ),
    edited("joined along the batch", *ONE_MORE_IMAGE)(
        "You made one more image out of class tokens: (B + 1, N, D). It is one more token of each "
        "image: join along axis 1, to (B, N + 1, D)."
    ),
    edited("in front of the first image only", ("axis=0)", "axis=0)\n    in_front[1:] = 0"))(
        "Only the first image got the class token, the others got zeros. All images get it."
    ),
    edited("zeros in front", ("np.repeat", "0 * np.repeat"))(
        "The token in front is all zeros. It should be class_token, which is learned."
    ),
    edited("ones in front", (REPEATED, "np.ones_like(tokens[:, :1])"))(
        "The token in front is all ones. It should be class_token, which is learned."
    ),
    edited("the mean in front", (REPEATED, "tokens.mean(axis=1, keepdims=True)"))(
        "The token in front is the mean of the patches: another way to sum up an image, but "
        "class_token is not in it."
    ),
    edited("a copy for each patch", FOR_EACH_PATCH)(
        "You put N class tokens in front, one for each patch. One is enough: (B, 1, D)."
    ),
    edited("at both ends", ("tokens]", "tokens, in_front]"))(
        "There is a class token in front, and another at the end. One in front is all."
    ),
    edited("class tokens alone", (JOINED, "in_front"))(
        "These are the class tokens alone, one for each image. Now join the patches to them."
    ),
    edited("nothing joined", (JOINED, "tokens"))(
        "These are the patches as they came. Put the class token in front of them."
    ),
)

ADD_CLASS_TOKEN = Exercise(
    id="add_class_token",
    title="A token for the whole image",
    points=1,
    reference=reference.add_class_token,
    answer=add_class_token,
    cases=token_cases,
    ladder=LADDER,
    outputs={"result": "B 1+N D"},
    forbidden=frozenset({f"{reference.__name__}.ClassToken"}),
    hints=(
        "Each image of the batch gets the same extra token, before its first patch. concatenate "
        "does not repeat anything by itself: how many copies do you need?",
        "class_token (1, 1, D) -> repeat along the batch -> (B, 1, D); with tokens (B, N, D) along "
        "axis 1 -> (B, N + 1, D).",
        "in_front = the class token, once for each image (…, 1, D);  concatenate([…, …], axis=…).",
    ),
    mistakes=MISTAKES,
)
