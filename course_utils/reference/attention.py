"""Scaled dot-product attention, from one softmax up.

Letters: B batch, N tokens (Nq queries, Nk keys), d width of a query and of a key, dv width of a
value; "..." stands for any leading axes. Masks are boolean, and True means "may attend".

Source: Vaswani et al., "Attention Is All You Need" (2017), section 3.2.
"""

import keras
import numpy as np
from keras import ops


def softmax(scores):
    """Turn scores into weights that are positive and sum to 1 along the last axis.

    scores (..., N) -> weights (..., N). Scores of any finite size are safe: subtracting a row's
    maximum changes no weight, and leaves nothing for `exp` to overflow on.
    """
    scores = ops.convert_to_tensor(scores)
    # What changes no weight has no gradient either: do not compute one.
    maximum = ops.stop_gradient(ops.max(scores, axis=-1, keepdims=True))
    exponentials = ops.exp(scores - maximum)
    # One division a row, not one an entry: it is also the cheaper one to find a gradient for.
    return exponentials * (1 / ops.sum(exponentials, axis=-1, keepdims=True))


def attention_scores(query, key):
    """Compare every query with every key: query @ keyᵀ / √d.

    query (..., Nq, d), key (..., Nk, d) -> scores (..., Nq, Nk).
    Source: Vaswani et al. (2017), equation 1; the division by √d is argued in its footnote 4.
    """
    query, key = ops.convert_to_tensor(query), ops.convert_to_tensor(key)
    # Divided before the product: nothing is lost, and half precision overflows √d times later.
    query = query / query.shape[-1] ** 0.5
    return ops.einsum("...qd,...kd->...qk", query, key)


def attend(query, key, value, mask=None):
    """Mix the values, each query by its own weights: softmax(query @ keyᵀ / √d) @ value.

    query (..., Nq, d), key (..., Nk, d), value (..., Nk, dv) and an optional boolean mask that
    broadcasts to (..., Nq, Nk) -> output (..., Nq, dv), weights (..., Nq, Nk).
    A query that may attend to nothing gets zero weights and a zero output.
    Source: Vaswani et al. (2017), equation 1 and section 3.2.3 for the mask.
    """
    return mix_values(wide_scores(query, key), value, mask)


def wide_scores(query, key):
    """Compare as `attention_scores` does, in float32 at least: half precision ends at 65504."""
    query, key = ops.convert_to_tensor(query), ops.convert_to_tensor(key)
    wide = keras.backend.result_type(query.dtype, key.dtype, "float32")
    return attention_scores(ops.cast(query, wide), ops.cast(key, wide))


def mix_values(scores, value, mask=None):
    """Do the second half of attention, for any scores: softmax(scores) @ value.

    scores (..., Nq, Nk), value (..., Nk, dv) and an optional boolean mask that broadcasts to
    (..., Nq, Nk) -> output (..., Nq, dv), weights (..., Nq, Nk).
    """
    scores, value = ops.convert_to_tensor(scores), ops.convert_to_tensor(value)
    # Weights are worked out in float32 at least: half precision is too coarse for a sum of many.
    scores = ops.cast(scores, keras.backend.result_type(scores.dtype, "float32"))
    if mask is None:
        weights = softmax(scores)
    else:
        mask = ops.convert_to_tensor(mask, dtype="bool")
        # A large finite number, not -inf: a row of -inf has no maximum to subtract and turns NaN.
        weights = softmax(ops.where(mask, scores, -1e9))
        # A row without any True is uniform now. Nothing may be seen there, so nothing is.
        weights = ops.where(mask, weights, 0.0)
    weights = ops.cast(weights, value.dtype)
    if mask is None:
        return ops.einsum("...qk,...kd->...qd", weights, value), weights
    # 0 times NaN is NaN, and so is 0 times infinity: what a query may not see must not reach it
    # that way. Where it may see such a value, it is told.
    finite = ops.isfinite(value)
    output = ops.einsum("...qk,...kd->...qd", weights, ops.where(finite, value, 0))
    broken = ops.logical_not(ops.all(finite, axis=-1))  # (..., Nk)
    told = ops.any(ops.logical_and(mask, broken[..., None, :]), axis=-1, keepdims=True)
    return ops.where(told, float("nan"), output), weights


def causal_mask(length):
    """Let each token see itself and what came before it.

    length N -> mask (N, N), row = query: True on and below the diagonal.
    Source: Vaswani et al. (2017), section 3.2.3.
    """
    position = ops.arange(length)
    return position[:, None] >= position[None, :]


def padding_mask(lengths, max_length):
    """Hide the padding behind each sequence of a batch, from every query.

    lengths (B,) -> mask (B, 1, N) with N = max_length: True where there is a token. The middle
    axis lets one row of keys serve all queries.
    """
    position = ops.arange(max_length)
    return ops.less(position[None, :], ops.convert_to_tensor(lengths)[:, None])[:, None, :]


def reversal_queries_keys(length, sharpness=50.0):
    """Make queries and keys with which attention turns any sequence round.

    length N -> query (N, N), key (N, N). Key i points along axis i and query i along axis
    N - 1 - i, so a query scores `sharpness` with the key it wants and 0 with all others.
    """
    key = ops.eye(length)
    # attention_scores divides by √d, and here d = N: multiply first what it will divide by.
    query = sharpness * length**0.5 * ops.flip(key, axis=0)
    return query, key


def is_permutation_equivariant(layer, tokens, rng):
    """Test whether permuting the tokens permutes what a layer returns, and changes nothing else.

    layer: any callable (B, N, D) -> (B, N, ...), tokens (B, N, D), rng: a NumPy generator.
    """
    tokens = ops.convert_to_numpy(tokens)
    order = rng.permutation(tokens.shape[1])
    permuted_after = ops.convert_to_numpy(layer(tokens))[:, order]
    permuted_before = ops.convert_to_numpy(layer(tokens[:, order]))
    return bool(np.allclose(permuted_after, permuted_before, rtol=1e-3, atol=1e-4))
