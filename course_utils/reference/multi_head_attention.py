"""Multi-head attention: several small attentions side by side, each on its own share of features.

Letters: B batch, N tokens (Nq queries, Nk keys), D features, h heads, d = D / h features a head.
A head is a contiguous block of d columns. Masks are boolean, and True means "may attend".

Source: Vaswani et al., "Attention Is All You Need" (2017), section 3.2.2.
"""

from keras import layers, ops

from course_utils.reference.attention import attend, mix_values, wide_scores


def split_heads(x, num_heads: int):
    """Give each head its own block of features, and each head its own axis.

    x (B, N, D) -> (B, h, N, d). Raises ValueError when h does not divide D.
    """
    x = ops.convert_to_tensor(x)
    batch, length, dim = ops.shape(x)
    x = ops.reshape(x, (batch, length, num_heads, _head_dim(dim, num_heads)))  # (B, N, h, d)
    return ops.transpose(x, (0, 2, 1, 3))  # (B, h, N, d)


def merge_heads(x):
    """Put the heads' features side by side again: the inverse of `split_heads`.

    x (B, h, N, d) -> (B, N, h·d).
    """
    x = ops.convert_to_tensor(x)
    batch, num_heads, length, head_dim = ops.shape(x)
    x = ops.transpose(x, (0, 2, 1, 3))  # (B, N, h, d)
    return ops.reshape(x, (batch, length, num_heads * head_dim))  # (B, N, D)


def multi_head_attention(query, value, params: dict, num_heads: int, mask=None):
    """Project, split into heads, attend in every head, merge, project once more.

    query (B, Nq, D), value (B, Nk, D) from which the keys are made too, params: "query", "key",
    "value" and "output" -> (kernel (D, D), bias (D,)), and an optional mask that broadcasts to
    (B, Nq, Nk), the same for every head -> output (B, Nq, D), weights (B, h, Nq, Nk).
    """

    def project(x, name):
        kernel, bias = params[name]
        return ops.einsum("bnd,de->bne", x, ops.convert_to_tensor(kernel)) + bias

    query, value = ops.convert_to_tensor(query), ops.convert_to_tensor(value)
    output, weights = attend(
        split_heads(project(query, "query"), num_heads),
        split_heads(project(value, "key"), num_heads),
        split_heads(project(value, "value"), num_heads),
        mask_for_heads(mask),
    )
    return project(merge_heads(output), "output"), weights


def mask_for_heads(mask):
    """Make a mask of tokens serve every head.

    mask (..., Nq, Nk) -> a mask that broadcasts to (B, h, Nq, Nk); None stays None.
    """
    if mask is None:
        return None
    mask = ops.convert_to_tensor(mask, dtype="bool")
    # Only behind a batch axis does the axis of the heads have to be made room for.
    return ops.expand_dims(mask, 1) if len(mask.shape) == 3 else mask  # (B, 1, Nq, Nk)


class MultiHeadAttention(layers.Layer):
    """Multi-head attention with its four projections, as a layer.

    dim D is the width of the output, inner_dim the width of all heads together (D when None).
    Call: query (B, Nq, any width), value (B, Nk, any width; the query itself when None), a mask as
    in `multi_head_attention`, a bias that broadcasts to (B, h, Nq, Nk) and is added to the scores
    -> output (B, Nq, D), and with return_weights also weights (B, h, Nq, Nk).
    Raises ValueError when num_heads does not divide the heads' width.
    """

    def __init__(self, dim, num_heads, *, inner_dim=None, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        inner_dim = inner_dim or dim
        _head_dim(inner_dim, num_heads)
        self.num_heads = num_heads
        # Three Dense layers and 4-D arrays: one layer of three times the width needs a transpose
        # of five axes, which costs more than it saves on a CPU.
        self.query_dense = layers.Dense(inner_dim, use_bias=use_bias, name="query")
        self.key_dense = layers.Dense(inner_dim, use_bias=use_bias, name="key")
        self.value_dense = layers.Dense(inner_dim, use_bias=use_bias, name="value")
        self.output_dense = layers.Dense(dim, use_bias=use_bias, name="output")

    def build(self, query_shape, value_shape=None):
        value_shape = value_shape or query_shape
        self.query_dense.build(query_shape)
        self.key_dense.build(value_shape)
        self.value_dense.build(value_shape)
        self.output_dense.build((*query_shape[:-1], self.query_dense.units))

    def call(self, query, value=None, mask=None, bias=None, return_weights=False):
        value = query if value is None else value
        scores = wide_scores(
            split_heads(self.query_dense(query), self.num_heads),
            split_heads(self.key_dense(value), self.num_heads),
        )
        if bias is not None:
            scores = scores + ops.cast(bias, scores.dtype)
        values = split_heads(self.value_dense(value), self.num_heads)
        output, weights = mix_values(scores, values, mask_for_heads(mask))
        output = self.output_dense(merge_heads(output))
        return (output, weights) if return_weights else output

    def compute_mask(self, inputs, previous_mask):
        # Keras takes any argument named mask for one that the next layers want too. This one ends
        # here; without these lines Keras warns.
        return None


def count_attention_parameters(
    dim: int, num_heads: int, key_dim: int | None = None, use_bias: bool = True
) -> int:
    """Count the numbers that the four projections learn, as Keras' own layer has them.

    dim D, key_dim: features a head, D / h when None. Their number times the number of heads is
    the heads' width: with key_dim left alone, the number of heads does not matter.
    """
    inner_dim = num_heads * (key_dim or _head_dim(dim, num_heads))
    projections_in = 3 * (dim * inner_dim + use_bias * inner_dim)
    projection_out = inner_dim * dim + use_bias * dim
    return projections_in + projection_out


def prune_head(params: dict, head: int, num_heads: int) -> dict:
    """Silence one head: the output projection no longer listens to it.

    params as in `multi_head_attention`, head from 0 -> new params; those given stay as they are.
    Source: Michel et al., "Are Sixteen Heads Really Better than One?" (2019), section 3.
    """
    kernel, bias = params["output"]
    kernel = ops.convert_to_tensor(kernel)
    # Row r of the output projection reads feature r of the merged heads, so head r // d.
    owner = ops.arange(kernel.shape[0]) // _head_dim(kernel.shape[0], num_heads)
    kernel = ops.where((owner == head)[:, None], 0.0, kernel)
    return {**params, "output": (kernel, bias)}


def _head_dim(dim, num_heads):
    if dim % num_heads:
        raise ValueError(
            f"{num_heads} heads cannot share {dim} features evenly: choose a number of heads that "
            f"divides {dim}."
        )
    return dim // num_heads
