"""Right answers to the exercises of notebook 01 in two styles, and answers that mean harm, as the
text of cells."""

LOOPS = {
    "softmax": """
def softmax(scores):
    scores = np.asarray(scores)
    rows = scores.reshape(-1, scores.shape[-1])
    result = np.zeros(rows.shape, "float32")
    for i, row in enumerate(rows):
        powers = [np.exp(score - max(row)) for score in row]
        result[i] = [power / sum(powers) for power in powers]
    return result.reshape(scores.shape)
""",
    "attention_scores": """
def attention_scores(query, key):
    query, key = np.asarray(query), np.asarray(key)
    columns = [(query * key[..., k : k + 1, :]).sum(-1) for k in range(key.shape[-2])]
    return np.stack(columns, axis=-1) / np.sqrt(np.float32(query.shape[-1]))
""",
    "attend": """
def attend(query, key, value, mask=None):
    query, key, value = np.asarray(query), np.asarray(key), np.asarray(value)
    scores = query @ np.swapaxes(key, -1, -2) / np.sqrt(np.float32(query.shape[-1]))
    seen = np.ones(scores.shape, bool) if mask is None else np.broadcast_to(mask, scores.shape)
    scores = np.where(seen, scores, np.float32(-1e30))
    weights = np.exp(scores - scores.max(-1, keepdims=True)) * seen
    total = weights.sum(-1, keepdims=True)
    weights = weights / np.where(total == 0, 1, total)
    return weights @ value, weights
""",
    "causal_mask": """
def causal_mask(length):
    mask = np.zeros((length, length), dtype=bool)
    for query in range(length):
        for key in range(query + 1):
            mask[query, key] = True
    return mask
""",
    "padding_mask": """
def padding_mask(lengths, max_length):
    rows = [[position < length for position in range(max_length)] for length in lengths]
    return np.array(rows, dtype=bool)[:, None]
""",
    "reversal_queries_keys": """
def reversal_queries_keys(length, sharpness=50.0):
    key = np.zeros((length, length), "float32")
    query = np.zeros((length, length), "float32")
    for position in range(length):
        key[position, position] = 1
        query[position, length - 1 - position] = sharpness * length
    return query, key
""",
    "is_permutation_equivariant": """
def is_permutation_equivariant(layer, tokens, rng):
    for _ in range(3):
        order = rng.permutation(tokens.shape[1])
        moved = np.asarray(layer(np.asarray(tokens)[:, order]))
        if not np.allclose(moved, np.asarray(layer(tokens))[:, order], atol=1e-4):
            return False
    return True
""",
}

EINSUM = {
    "softmax": """
def softmax(scores):
    scores = ops.convert_to_tensor(scores)
    return ops.exp(scores - ops.logsumexp(scores, axis=-1, keepdims=True))
""",
    "attention_scores": """
def attention_scores(query, key):
    return ops.einsum("...qd,...kd->...qk", query, key) / query.shape[-1] ** 0.5
""",
    "attend": """
def attend(query, key, value, mask=None):
    scores = ops.einsum("...qd,...kd->...qk", query, key) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    weights = ops.softmax(scores, axis=-1)
    if mask is not None:
        weights = ops.where(mask, weights, 0.0)
    return ops.einsum("...qk,...kd->...qd", weights, value), weights
""",
    "causal_mask": """
causal_mask = lambda length: ~np.triu(np.ones((length, length), dtype=bool), k=1)
""",
    "padding_mask": """
def padding_mask(lengths, max_length):
    positions = ops.arange(max_length)[None, None]
    return positions < ops.convert_to_tensor(lengths)[:, None, None]
""",
    "reversal_queries_keys": """
def reversal_queries_keys(length, sharpness=50.0):
    angles = 2 * np.pi * np.arange(length) / length
    key = np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype("float32")
    return (key * sharpness * length**2)[::-1].copy(), key
""",
    "is_permutation_equivariant": """
def is_permutation_equivariant(layer, tokens, rng):
    order = rng.permutation(tokens.shape[1])
    after = ops.take(layer(tokens), order, axis=1)
    gap = ops.max(ops.abs(layer(ops.take(tokens, order, axis=1)) - after))
    return bool(gap < 1e-4)
""",
}

# Says that each answer is right, in ways that a grader in the same process would believe.
FORGER = {
    "softmax": """
import os, sys
np.allclose = np.array_equal = lambda *a, **k: True
np.testing.assert_allclose = lambda *a, **k: None
for module in list(sys.modules.values()):
    if getattr(module, "__name__", "").startswith("course_utils"):
        for name in ("judge", "agrees", "same", "check"):
            if hasattr(module, name):
                setattr(module, name, lambda *a, **k: True)

class Agreeable:
    def __array_function__(self, *a):
        return True
    def __eq__(self, other):
        return True
    def __repr__(self):
        return "2.0"

def softmax(scores):
    return Agreeable()
""",
    "attention_scores": """
def attention_scores(query, key):
    frame = sys._getframe()
    while frame:
        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
            if hasattr(value, "expected"):
                return value.expected
            if hasattr(value, "reference"):
                return value.reference(query, key)
        frame = frame.f_back
""",
    "attend": """
def attend(query, key, value, mask=None):
    from course_utils.reference import attention
    return attention.attend(query, key, value, mask)
""",
    "causal_mask": """
def causal_mask(length):
    for path in ("/etc/passwd", "../../../gradebook.db", os.path.expanduser("~")):
        try:
            os.system(f"rm -rf {path}/course-demo-was-here")
            open(path).read()
        except OSError:
            pass
    return None
""",
    "padding_mask": """
def padding_mask(lengths, max_length):
    while True:
        pass
""",
    "reversal_queries_keys": """
def reversal_queries_keys(length, sharpness=50.0):
    return np.zeros((length, 10**10), "float32"), np.zeros((length, 10**10), "float32")
""",
    "is_permutation_equivariant": """
def is_permutation_equivariant(layer, tokens, rng):
    sys.stderr.write("x" * 10**7)
    raise SystemExit(0)
""",
}

# The process ends in the middle of the notebook: what comes before it should keep its points.
QUITTER = {
    "causal_mask": """
def causal_mask(length):
    import os
    os._exit(0)
""",
}
