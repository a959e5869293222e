"""Exercise `add_class_token`: one more token, which reads the image for all others."""

import numpy as np

from course_utils.checking.exercise import Case, Exercise, Mistake
from course_utils.exercises.draw import normal
from course_utils.reference import vision_transformer as reference


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


def repeated(tokens, class_token):
    return np.repeat(class_token, len(tokens), axis=0)  # (B, 1, D)


def joined(*parts, axis=1):
    """What the parts, functions of both inputs, give side by side."""

    def solution(tokens, class_token):
        return np.concatenate([part(tokens, class_token) for part in parts], axis=axis)

    return solution


def unchanged(tokens, class_token):
    return tokens


def alone(tokens, class_token):
    return class_token


def replaced(tokens, class_token):
    return np.concatenate([repeated(tokens, class_token), tokens[:, 1:]], axis=1)


def first_image_only(tokens, class_token):
    in_front = np.zeros_like(tokens[:, :1])
    in_front[0] = class_token[0]
    return np.concatenate([in_front, tokens], axis=1)


ADD_CLASS_TOKEN = Exercise(
    id="add_class_token",
    title="A token for the whole image",
    points=1,
    reference=reference.add_class_token,
    cases=token_cases,
    outputs={"result": "B 1+N D"},
    forbidden=frozenset({f"{reference.__name__}.ClassToken"}),
    hints=(
        "Each image of the batch gets the same extra token, before its first patch. concatenate "
        "does not repeat anything by itself: how many copies do you need?",
        "class_token (1, 1, D) -> repeat along the batch -> (B, 1, D); with tokens (B, N, D) along "
        "axis 1 -> (B, N + 1, D).",
        "in_front = broadcast_to(class_token, (B, 1, D));  "
        "return concatenate([in_front, tokens], axis=1)",
    ),
    mistakes=(
        Mistake(
            "at the end",
            joined(unchanged, repeated),
            "The class token is there, at the end. It goes in front: the head will read tokens[:, "
            "0], and official weights expect it there.",
        ),
        Mistake(
            "batch of one not repeated",
            joined(alone, unchanged),
            "Right for a single image. There is one class token and there are B images: repeat it "
            "along the batch, to (B, 1, D), before you join. concatenate does not broadcast.",
            telling=True,
        ),
        Mistake(
            "batch of one not repeated",
            joined(unchanged, alone),
            "There is one class token and there are B images: repeat it along the batch, to "
            "(B, 1, D), before you join. And put it in front of the tokens, not behind them.",
        ),
        Mistake(
            "added instead of joined",
            lambda tokens, class_token: tokens + class_token,
            "You add the class token to every patch. It is a token of its own, in front of them: "
            "N + 1 tokens.",
        ),
        Mistake(
            "instead of the first patch",
            replaced,
            "The class token took the place of the first patch, and a corner of the image is gone. "
            "All N patches stay: N + 1 tokens.",
        ),
        Mistake(
            "joined along the features",
            joined(
                lambda tokens, class_token: np.broadcast_to(class_token, tokens.shape),
                unchanged,
                axis=-1,
            ),
            "You put the class token beside each patch's features: (B, N, 2D). It is one more "
            "token: join along axis 1, to (B, N + 1, D).",
        ),
        Mistake(
            "joined along the batch",
            joined(
                lambda tokens, class_token: np.repeat(class_token, tokens.shape[1], axis=1),
                unchanged,
                axis=0,
            ),
            "You made one more image out of class tokens: (B + 1, N, D). It is one more token of "
            "each image: join along axis 1, to (B, N + 1, D).",
        ),
        Mistake(
            "in front of the first image only",
            first_image_only,
            "Only the first image got the class token, the others got zeros. All images get it.",
        ),
        Mistake(
            "zeros in front",
            joined(lambda tokens, class_token: 0 * repeated(tokens, class_token), unchanged),
            "The token in front is all zeros. It should be class_token, which is learned.",
        ),
        Mistake(
            "ones in front",
            joined(lambda tokens, class_token: 0 * tokens[:, :1] + 1, unchanged),
            "The token in front is all ones. It should be class_token, which is learned.",
        ),
        Mistake(
            "the mean in front",
            joined(lambda tokens, class_token: tokens.mean(axis=1, keepdims=True), unchanged),
            "The token in front is the mean of the patches: another way to sum up an image, but "
            "class_token is not in it.",
        ),
        Mistake(
            "a copy for each patch",
            joined(
                lambda tokens, class_token: np.broadcast_to(class_token, tokens.shape), unchanged
            ),
            "You put N class tokens in front, one for each patch. One is enough: (B, 1, D).",
        ),
        Mistake(
            "at both ends",
            joined(repeated, unchanged, repeated),
            "There is a class token in front, and another at the end. One in front is all.",
        ),
        Mistake(
            "class tokens alone",
            repeated,
            "These are the class tokens alone, one for each image. Now join the patches to them.",
        ),
        Mistake(
            "nothing joined",
            lambda tokens, class_token: tokens.copy(),
            "These are the patches as they came. Put the class token in front of them.",
        ),
    ),
)
