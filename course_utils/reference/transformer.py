"""The transformer block that all models of the course share.

Letters: B batch, N tokens, D features. Two sublayers, attention and an MLP, each beside a residual
path: tokens talk to each other in the first, each thinks for itself in the second.

Source: Vaswani et al., "Attention Is All You Need" (2017), section 3.1, for the norm after the sum;
Dosovitskiy et al., "An Image Is Worth 16x16 Words" (2021), equations 2 and 3, for the norm before.
"""

import keras
from keras import layers, ops

from course_utils.reference.multi_head_attention import MultiHeadAttention


def encoder_block(x, norm1, attention, norm2, mlp):
    """Run a pre-norm block: each sublayer reads normed tokens and adds to the un-normed ones.

    x (B, N, D), four callables (B, N, D) -> (B, N, D) -> x (B, N, D).
    """
    x = x + attention(norm1(x))
    return x + mlp(norm2(x))


def layer_norm(x, gamma, beta, epsilon: float = 1e-6):
    """Give each token's features mean 0 and spread 1, then the scale and shift that were learned.

    x (..., D), gamma (D,), beta (D,) -> (..., D). Source: Ba, Kiros and Hinton, "Layer
    Normalization" (2016), equation 4, over the features of one token.
    """
    x = ops.convert_to_tensor(x)
    # In float32 at least: in half precision the squares of a hundred features overflow.
    centred = ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
    centred = centred - ops.mean(centred, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
    return ops.cast(centred * ops.rsqrt(variance + epsilon), x.dtype) * gamma + beta


def gelu(x):
    """Let large numbers through, hold back small ones: x · Φ(x), with the normal distribution's Φ.

    Of any shape. The same as `keras.activations.gelu(approximate=False)`, multiplied out: training
    has fewer steps to go back through. Source: Hendrycks and Gimpel (2016), section 2.
    """
    return 0.5 * (x + x * ops.erf(x * 0.5**0.5))


class LayerNorm(layers.Layer):
    """`layer_norm` as a layer, with the names of Keras' own: x (..., D) -> (..., D).

    The numbers are those of `keras.layers.LayerNormalization`, in fewer steps: a training step of
    our Swin takes a twentieth less time on a CPU.
    """

    def __init__(self, *, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, shape):
        self.gamma = self.add_weight(name="gamma", shape=(shape[-1],), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(shape[-1],), initializer="zeros")

    def call(self, x):
        return layer_norm(x, self.gamma, self.beta, self.epsilon)


class MLP(layers.Layer):
    """Two dense layers with a GELU between them, on each token by itself.

    x (..., any width) -> (..., dim). Source: Dosovitskiy et al. (2021), section 3.1.
    """

    def __init__(self, mlp_dim, dim, *, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.widen = layers.Dense(mlp_dim, name="widen")
        self.narrow = layers.Dense(dim, name="narrow")
        self.dropout = layers.Dropout(dropout, seed=seed)

    def build(self, shape):
        self.widen.build(shape)
        self.narrow.build((*shape[:-1], self.widen.units))

    def call(self, x):
        x = self.dropout(gelu(self.widen(x)))
        return self.dropout(self.narrow(x))


class StochasticDepth(layers.Layer):
    """In training, leave a sublayer out for a random share of the images, and scale up the rest.

    x (B, ...) -> (B, ...): each image's whole x is kept with probability 1 - rate and divided by
    it, or is zero. Outside training nothing happens.
    Source: Huang et al., "Deep Networks with Stochastic Depth" (2016), section 3.
    """

    def __init__(self, rate, *, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"a share of sublayers to leave out lies in [0, 1), not {rate}")
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        if not training or self.rate == 0:
            return x
        one_for_each_image = (ops.shape(x)[0], *[1] * (len(x.shape) - 1))  # (B, 1, ...)
        draw = keras.random.uniform(one_for_each_image, seed=self.seed_generator)
        kept = ops.cast(draw >= self.rate, x.dtype)
        return x * kept / (1 - self.rate)


class TransformerBlock(layers.Layer):
    """Attention and an MLP, each with a norm and a residual path.

    dim D, num_heads h, mlp_dim: width inside the MLP, drop_path: share of images for which a
    sublayer is left out in training, norm_first: norm before each sublayer, or after each sum as
    first published. Call: x (B, N, D), a mask that broadcasts to (B, N, N) -> x (B, N, D), and
    with return_weights also weights (B, h, N, N).
    Raises ValueError when num_heads does not divide dim.
    """

    def __init__(
        self,
        dim,
        num_heads,
        mlp_dim,
        *,
        dropout=0.0,
        drop_path=0.0,
        norm_first=True,
        norm_epsilon=1e-6,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(epsilon=norm_epsilon, name="norm1")
        self.attention = MultiHeadAttention(dim, num_heads, name="attention")
        self.norm2 = LayerNorm(epsilon=norm_epsilon, name="norm2")
        self.mlp = MLP(mlp_dim, dim, dropout=dropout, seed=seed, name="mlp")
        self.dropout = layers.Dropout(dropout, seed=seed)
        self.drop_path = StochasticDepth(drop_path, seed=seed)

    def build(self, shape):
        for layer in (self.norm1, self.attention, self.norm2, self.mlp):
            layer.build(shape)

    def call(self, x, mask=None, return_weights=False):
        if self.norm_first:
            attended, weights = self.attention(self.norm1(x), mask=mask, return_weights=True)
            x = x + self.drop_path(self.dropout(attended))
            x = x + self.drop_path(self.mlp(self.norm2(x)))
        else:
            attended, weights = self.attention(x, mask=mask, return_weights=True)
            x = self.norm1(x + self.drop_path(self.dropout(attended)))
            x = self.norm2(x + self.drop_path(self.mlp(x)))
        return (x, weights) if return_weights else x

    def compute_mask(self, inputs, previous_mask):
        return None  # as in MultiHeadAttention: the next layer gets a mask of its own or none


def internals(model: keras.Model) -> keras.Model:
    """Make a model's inside visible: the same weights, but every named step is an output.

    Returns a model from the same input to a dictionary: name of each layer -> its output. A block
    called with return_weights gives (x, weights).
    """
    steps = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    return keras.Model(model.input, {layer.name: layer.output for layer in steps})
