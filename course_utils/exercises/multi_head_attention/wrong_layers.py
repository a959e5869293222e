"""Layers with one thing wrong: the mistakes of the exercise `MultiHeadAttention`."""

from keras import layers, ops

from course_utils.reference.attention import attend
from course_utils.reference.multi_head_attention import mask_for_heads, merge_heads, split_heads


class Plain(layers.Layer):
    """A right layer in small steps, for the others to get one of them wrong."""

    use_bias = True

    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.query_dense = layers.Dense(dim, use_bias=self.use_bias)
        self.key_dense = layers.Dense(dim, use_bias=self.use_bias)
        self.value_dense = layers.Dense(dim, use_bias=self.use_bias)
        self.output_dense = layers.Dense(dim, use_bias=self.use_bias)

    def call(self, query, value=None, mask=None, return_weights=False):
        parts = [self.split(x) for x in self.projected(query, self.source(query, value))]
        output, weights = self.attend(*parts, self.room(mask))
        return self.answer(self.output_dense(self.merge(output)), weights, return_weights)

    def source(self, query, value):
        return query if value is None else value

    def projected(self, query, value):
        return self.query_dense(query), self.key_dense(value), self.value_dense(value)

    def split(self, x):
        return split_heads(x, self.num_heads)

    def room(self, mask):
        return mask_for_heads(mask)

    def attend(self, query, key, value, mask):
        return attend(query, key, value, mask)

    def merge(self, x):
        return merge_heads(x)

    def answer(self, output, weights, return_weights):
        return (output, weights) if return_weights else output


class MadeInCall(Plain):
    def call(self, query, value=None, mask=None, return_weights=False):
        output = layers.Dense(query.shape[-1])(query)
        return self.answer(output, ops.zeros((1,)), return_weights)


class KeptInCall(Plain):
    def call(self, query, value=None, mask=None, return_weights=False):
        self.late_dense = layers.Dense(query.shape[-1])
        return self.late_dense(query)


class ValueIgnored(Plain):
    def source(self, query, value):
        return query


class ValueNeeded(Plain):
    def source(self, query, value):
        return value


class ValueAsked(Plain):
    def source(self, query, value):
        return value or query


class KeyFromQuery(Plain):
    def projected(self, query, value):
        return self.query_dense(query), self.key_dense(query), self.value_dense(value)


class Exchanged(Plain):
    def projected(self, query, value):
        return self.query_dense(value), self.key_dense(query), self.value_dense(query)


class OneProjection(Plain):
    def projected(self, query, value):
        return self.query_dense(query), self.query_dense(value), self.query_dense(value)


class KeyIsValue(Plain):
    def projected(self, query, value):
        return self.query_dense(query), self.key_dense(value), self.key_dense(value)


class KeyAndValueExchanged(Plain):
    def projected(self, query, value):
        return self.query_dense(query), self.value_dense(value), self.key_dense(value)


class ValuesNotProjected(Plain):
    def projected(self, query, value):
        return self.query_dense(query), self.key_dense(value), value


class NoProjection(Plain):
    def call(self, query, value=None, mask=None, return_weights=False):
        value = self.source(query, value)
        parts = self.split(query), self.split(value), self.split(value)
        output, weights = self.attend(*parts, self.room(mask))
        return self.answer(self.merge(output), weights, return_weights)


class NoOutputProjection(Plain):
    def call(self, query, value=None, mask=None, return_weights=False):
        parts = [self.split(x) for x in self.projected(query, self.source(query, value))]
        output, weights = self.attend(*parts, self.room(mask))
        return self.answer(self.merge(output), weights, return_weights)


class NoBias(Plain):
    use_bias = False


class MaskIgnored(Plain):
    def room(self, mask):
        return None


class MaskInverted(Plain):
    def room(self, mask):
        return None if mask is None else ops.logical_not(mask_for_heads(mask))


class MaskWithoutRoom(Plain):
    def room(self, mask):
        return mask


class MaskNeeded(Plain):
    def room(self, mask):
        return mask[:, None]


class OneHead(Plain):
    def split(self, x):
        return split_heads(x, 1)


class SplitByReshape(Plain):
    def split(self, x):
        batch, length, dim = x.shape
        return ops.reshape(x, (batch, self.num_heads, length, dim // self.num_heads))


class MergedByReshape(Plain):
    def merge(self, x):
        batch, heads, length, width = x.shape
        return ops.reshape(x, (batch, length, heads * width))


class ScaledByAll(Plain):
    def attend(self, query, key, value, mask):
        return attend(query / self.num_heads**0.5, key, value, mask)


class WeightsNever(Plain):
    def answer(self, output, weights, return_weights):
        return output


class WeightsAlways(Plain):
    def answer(self, output, weights, return_weights):
        return output, weights


class WeightsFirst(Plain):
    def answer(self, output, weights, return_weights):
        return (weights, output) if return_weights else output


class WeightsAveraged(Plain):
    def answer(self, output, weights, return_weights):
        return (output, ops.mean(weights, axis=1)) if return_weights else output


class InNumpy(Plain):
    def projected(self, query, value):
        return [ops.convert_to_numpy(x) for x in super().projected(query, value)]


class Frozen(Plain):
    def __init__(self, dim, num_heads):
        super().__init__(dim, num_heads)
        self.query_dense.trainable = False
