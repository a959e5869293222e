# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Multi-head attention: several looks at once
#
# **You will**
#
# - split features into heads, and see on a picture what a wrong reshape does to them
# - build multi-head attention, first as a function, then as a Keras layer: the one that is trained
# - find out which of a trained model's heads matter, by silencing them, alone and in pairs
#
# **You need** notebook 1. What a Keras layer is and how one is trained, we say when we get there.
#
# **Time**: two to three hours for you; the machine needs about a minute, without a GPU.

# %%
from itertools import combinations

import numpy as np

from matplotlib import pyplot
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from course_utils import plots
from course_utils.exercises import check, hint, progress, yours_or_ours
from course_utils.reference import attention, multi_head_attention as heads

import keras
from keras import layers, ops

keras.utils.set_random_seed(2)
rng = np.random.default_rng(2)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## Letters we use
#
# Those of notebook 1. New are $D$ and $h$; and values are as wide as queries here, $d_v = d$.
#
# | letter | meaning |
# |---|---|
# | $B$, $N$ | sequences in a batch; tokens in a sequence ($N_q$ queries, $N_k$ keys) |
# | $D$ | features of a token, all of them |
# | $h$ | number of heads |
# | $d = D / h$ | features of a token that one head works with |
#
# The course's own versions of what you build here are in `heads`. Those of notebook 1 are in
# `attention`.

# %% [markdown]
# ## One look is an average
#
# In notebook 1, "it" looked at "cat". But a word may want to know several things at once: who is
# meant, what happens, what came just before. One attention has *one* row of weights for each
# query. To look at two places it must share its weight, and what comes out is a blend.
#
# Say we want the letter before us **and** the letter after us. Here they are pictures. What one
# query gets, if it looks at both:


# %%
def draw(letter, size=24):
    """A letter as a picture of size by size dots, 1 where there is ink."""
    outline = TextPath((0, 0), letter, size=1)
    (left, bottom), (right, top) = outline.get_extents().get_points()
    x = np.linspace(left - 0.05, right + 0.05, size)
    y = np.linspace(top + 0.1, bottom - 0.1, size)
    dots = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)  # (size · size, 2)
    # A dot has ink if an odd number of edges go round it: the hole in an A has two.
    rounds = sum(Path(edge).contains_points(dots).astype(int) for edge in outline.to_polygons())
    return (rounds % 2).reshape(size, size).astype("float32")


before, after = draw("H"), draw("S")  # (24, 24) each
plots.heatmaps([before, after, (before + after) / 2], ["before", "after", "half of each"],
               numbers=False, limits=(0, 1), row_label="row of dots", column_label="column of dots")
plots.show("The letters H and S, and both drawn over each other at half strength.")

# %% [markdown]
# Both are in there, and neither can be read well. Two looks, each with weights of its own, would
# bring two clean letters. That is all that **multi-head** means: run several small attentions
# side by side. Each is narrower than the one was, so that all together cost no more.

# %% [markdown]
# ## Splitting features into heads
#
# A token has $D$ features. Head 0 gets the first $d = D/h$ of them, head 1 the next $d$, and so
# on: **contiguous blocks**.
#
# We can look at this. Below is one sequence of $N = 24$ tokens with $D = 96$ features, drawn as
# a matrix: each *row* of dots is a token. The features happen to spell a word of four letters.
# Split into $h = 4$ heads, each head should hold one whole letter: all 24 tokens, 24 features.

# %%
word = np.concatenate([draw(letter) for letter in "HEAD"], axis=1)[None]  # (B, N, D) = (1, 24, 96)
print("tokens:", word.shape)
_, axes = pyplot.subplots(figsize=(6, 1.9), layout="constrained")
axes.imshow(word[0], cmap="cividis")
axes.set(xlabel="features (D = 96)", ylabel="tokens (N = 24)", xticks=range(0, 96, 24))
plots.show("A matrix of 24 rows and 96 columns in which the letters H E A D can be read.")

# %% [markdown]
# Which two steps take $(B, N, D)$ to $(B, h, N, d)$? The tempting answer is one `reshape`: the
# numbers of entries agree, no error is raised. Another is to split the last axis as $(d, h)$.
# Look at what each does:

# %%
straight = word.reshape(1, 4, 24, 24)  # one reshape, no transpose
interleaved = np.stack([word[..., i::4] for i in range(4)], axis=1)  # the last axis as (d, h)
right = np.array(heads.split_heads(word, 4))  # (B, h, N, d) = (1, 4, 24, 24)

_, axes = pyplot.subplots(3, 4, figsize=(5.2, 4.4), layout="constrained")
names = ["one reshape", "split as (d, h)", "split_heads"]
for row, (split, name) in enumerate(zip([straight, interleaved, right], names)):
    for head in range(4):
        axes[row, head].imshow(split[0, head], cmap="cividis")
        axes[row, head].set(xticks=[], yticks=[], title=f"head {head}" if row == 0 else "")
    axes[row, 0].set_ylabel(name)
plots.show("Top: stripes cut through letters. Middle: the whole word, squeezed, four times. "
           "Bottom: H, E, A, D, a letter in each head.")

# %% [markdown]
# - **One reshape** gives head 0 the first six *tokens*, cut into pieces. The heads
#   no longer divide the features among them, but the tokens.
# - **Split as $(d, h)$** gives each head every fourth column: the whole word, squeezed. A head
#   has all tokens, but not its own block.
# - **`split_heads`** gives each head its letter.
#
# All three have the shape $(1, 4, 24, 24)$. Shapes alone never tell you.

# %% [markdown]
# ## Exercise: `split_heads`
#
# *About 10 minutes, difficulty 2 of 3.*
#
# Write `split_heads(x, num_heads)`: $(B, N, D)$ to $(B, h, N, d)$, head $i$ holding the features
# $i \cdot d$ to $(i + 1) \cdot d - 1$ of every token.
#
# Example: `split_heads(np.array([[[1, 2, 3, 4], [5, 6, 7, 8]]]), 2)` has
# `[[1, 2], [5, 6]]` in head 0 and `[[3, 4], [7, 8]]` in head 1.
#
# If $h$ does not divide $D$, raise a `ValueError` whose message names **both** numbers: whoever
# reads "cannot reshape array" at midnight will thank you.


# %% nbgrader={"grade": false, "grade_id": "split_heads", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split_heads(x, num_heads):
    """x (B, N, D) -> (B, h, N, d); ValueError with both numbers if h does not divide D."""
    ### BEGIN SOLUTION
    batch, length, dim = x.shape
    if dim % num_heads:
        raise ValueError(f"{num_heads} heads cannot share {dim} features evenly")
    x = ops.reshape(x, (batch, length, num_heads, dim // num_heads))  # (B, N, h, d)
    return ops.transpose(x, (0, 2, 1, 3))  # (B, h, N, d)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "split_heads_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("split_heads", split_heads)

# %% [markdown]
# ## Exercise: `merge_heads`
#
# *About 5 minutes, difficulty 1.*
#
# The way back: `merge_heads(x)` takes $(B, h, N, d)$ to $(B, N, D)$, the heads' features side by
# side again, head 0 first.
#
# Example: what you got from the example above becomes `[[[1, 2, 3, 4], [5, 6, 7, 8]]]` again.


# %% nbgrader={"grade": false, "grade_id": "merge_heads", "locked": false, "schema_version": 3, "solution": true, "task": false}
def merge_heads(x):
    """x (B, h, N, d) -> (B, N, h·d)."""
    ### BEGIN SOLUTION
    batch, num_heads, length, width = x.shape
    x = ops.transpose(x, (0, 2, 1, 3))  # (B, N, h, d)
    return ops.reshape(x, (batch, length, num_heads * width))  # (B, N, D)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "merge_heads_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("merge_heads", merge_heads)

# %% [markdown]
# ## What does a round trip prove?
#
# Merging what was split gives back what you had: a nice test. **Predict:** does it catch the
# wrong splits from above, if their author wrote the merge in the same spirit? And does the
# test of notebook 1, *permutation equivariance*, catch them?

# %%
pairs = {  # name -> (split, merge), for B = 2, N = 8, D = 12 and four heads
    "one reshape": (lambda x: x.reshape(2, 4, 8, 3), lambda x: x.reshape(2, 8, 12)),
    "split as (d, h)": (
        lambda x: x.reshape(2, 8, 3, 4).transpose(0, 3, 1, 2),
        lambda x: x.transpose(0, 2, 3, 1).reshape(2, 8, 12),
    ),
    "split_heads": (lambda x: heads.split_heads(x, 4), heads.merge_heads),
}


def in_heads(x):
    parts = split(x)
    return merge(np.array(attention.attend(parts, parts, parts)[0]))


some_tokens = rng.standard_normal((2, 8, 12)).astype("float32")  # (B, N, D)
for name, (split, merge) in pairs.items():
    same = np.allclose(merge(split(some_tokens)), some_tokens)
    equivariant = attention.is_permutation_equivariant(in_heads, some_tokens, rng)
    print(f"{name:15} round trip: {same}   permutation equivariant: {equivariant}")

# %% [markdown]
# Two wrongs make a round trip, so it accepts all three. Equivariance catches the single reshape:
# in between, tokens were mixed up. It accepts the split as $(d, h)$, and with good reason: that is
# another *numbering* of the features, and a model trained with it would work. It goes
# wrong as soon as kernels come from somebody who uses blocks.
#
# **A good test knows a law that the right thing obeys, not only the way back. And one law is not
# all laws**: hence the check, which compares numbers.

# %% [markdown]
# ## Where queries, keys and values come from
#
# In notebook 1 we wrote queries and keys by hand. From now on they are **learned**: three
# matrices turn each token into a query, a key and a value. A fourth one, at the end, lets the
# heads' results be mixed. For tokens $X$ of shape $(N, D)$:
#
# $$Q = X W_Q + b_Q, \qquad K = X W_K + b_K, \qquad V = X W_V + b_V$$
#
# $$\text{head}_i = \text{attend}(Q_i, K_i, V_i), \qquad
#   Y = [\text{head}_0, \dots, \text{head}_{h-1}]\, W_O + b_O$$
#
# $Q_i$ is the $i$-th block of $d$ columns of $Q$. Each $W$ is $(D, D)$, each $b$ is $(D,)$.

# %% [markdown]
# ### Project first, split afterwards
#
# The order matters. Every column of $W_Q$ reads *all* $D$ features of a token, so each head can
# ask about anything. If you split the tokens first and project each part, head 0 could only ever
# see the first $d$ features.
#
# Note also: each head's scores are divided by $\sqrt d$, not $\sqrt D$, since a dot product in a
# head adds up only $d$ terms.
#
# `params` below is a dictionary with four entries: "query", "key", "value", "output", each a
# pair of a kernel $(D, D)$ and a bias $(D,)$. Keras says *kernel* for $W$.


# %%
def draw_params(dim):
    """Random kernels (D, D) and biases (D,) for the four projections."""
    names = ["query", "key", "value", "output"]
    kernels = rng.standard_normal((4, dim, dim)).astype("float32") / dim**0.5
    biases = rng.standard_normal((4, dim)).astype("float32")
    return {name: (kernel, bias) for name, kernel, bias in zip(names, kernels, biases)}


params = draw_params(12)
sequence = rng.standard_normal((1, 6, 12)).astype("float32")  # (B, N, D)
_, four_weights = heads.multi_head_attention(sequence, sequence, params, num_heads=4)
plots.heatmaps(
    list(np.array(four_weights)[0]), [f"head {i}" for i in range(4)], numbers=False, limits=(0, 1),
    row_label="query", column_label="key",
)
plots.show("Four maps of weights, 6 by 6, from one sequence.")

# %% [markdown]
# Same tokens, four heads, four different opinions, though nothing is trained yet: each head reads
# other columns of $W_Q$ and $W_K$. Each row of each map sums to 1.

# %% [markdown]
# ## Two sequences, one mask
#
# Queries may come from one sequence, keys and values from another: **cross-attention**. The
# output has as many tokens as there are queries. Here the letters of one word look for themselves
# in another word. Queries and keys are one-hot letters; the 30 makes the search decided, like the
# scale in notebook 1.

# %%
asking, asked = list("transformer"), list("attention")
alphabet = np.eye(26, dtype="float32")
asking_codes = 30 * alphabet[[ord(c) - ord("a") for c in asking]]  # (Nq, d) = (11, 26)
asked_codes = alphabet[[ord(c) - ord("a") for c in asked]]  # (Nk, d) = (9, 26)
_, found = attention.attend(asking_codes, asked_codes, asked_codes)  # (11, 9)
plots.heatmap(np.array(found), rows=asking, columns=asked, numbers=False, title="who finds whom",
              row_label="query", column_label="key")
plots.show("A map of weights: the letters of transformer in the rows, of attention in the columns.")

# %% [markdown]
# "t" shares its look among the three "t" of the other word. The letters that are missing there,
# r, s, f and m, look at everything alike. The map is $11 \times 9$: $N_q \times N_k$, not square.

# %% [markdown]
# A mask belongs to tokens: it says which query may see which key, so it has the shape
# $(B, N_q, N_k)$, or one that broadcasts to it. Every head obeys the same mask. But inside, the
# scores are $(B, h, N_q, N_k)$: the mask needs an axis for the heads, **after** the batch.

# %% [markdown]
# ### Find the bug
#
# ```python
# scores = ...                               # (B, h, N, N)
# scores = ops.where(mask, scores, -1e9)     # mask is (B, N, N)
# ```
#
# It raises an error for $B = 32$ and $h = 4$. For which batch is it silently wrong?
#
# <details><summary>Answer</summary>For a batch of h = 4 sequences. Broadcasting lines axes up
# from the right, so the mask's batch axis meets the scores' head axis: head 2 of every sequence
# gets the mask of sequence 2. (A batch of one broadcasts, and happens to be
# right.)</details>

# %% [markdown]
# ## Exercise: `multi_head_attention`
#
# *About 25 minutes, difficulty 3.*
#
# Write `multi_head_attention(query, value, params, num_heads, mask=None)`: project, split,
# attend, merge, project. Query tokens $(B, N_q, D)$; **keys and values are both made from**
# `value`, $(B, N_k, D)$. Return the output $(B, N_q, D)$ and the weights $(B, h, N_q, N_k)$.
#
# Use the pieces there are: `heads.split_heads`, `heads.merge_heads` and `attention.attend`,
# which takes a mask and returns output and weights. A matrix product with $(B, N, D)$ on the left
# works as it is: `ops.matmul(x, kernel) + bias`. `heads.mask_for_heads(mask)` gives a mask of
# three axes its axis for the heads, and leaves one of two axes, or None, alone.


# %% nbgrader={"grade": false, "grade_id": "multi_head_attention", "locked": false, "schema_version": 3, "solution": true, "task": false}
def multi_head_attention(query, value, params, num_heads, mask=None):
    """query (B, Nq, D), value (B, Nk, D), params: name -> (kernel (D, D), bias (D,)),
    mask broadcasts to (B, Nq, Nk) -> output (B, Nq, D), weights (B, h, Nq, Nk)."""

    ### BEGIN SOLUTION
    def project(x, name):
        kernel, bias = params[name]
        return ops.matmul(x, kernel) + bias

    output, weights = attention.attend(
        heads.split_heads(project(query, "query"), num_heads),
        heads.split_heads(project(value, "key"), num_heads),
        heads.split_heads(project(value, "value"), num_heads),
        heads.mask_for_heads(mask),
    )
    return project(heads.merge_heads(output), "output"), weights
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "multi_head_attention_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("multi_head_attention", multi_head_attention)

# %% [markdown]
# ### A loop, four axes, or an einsum
#
# You will meet multi-head attention written as a **loop** over heads, in **batched** form with
# four axes, and as an **einsum** whose letters name the axes, with the head axis already in the
# kernel: $(D, h, d)$. They look like three algorithms. Predict how much they differ.


# %%
def project(x, name):
    return x @ params[name][0] + params[name][1]


q, k, v = (project(sequence, name) for name in ["query", "key", "value"])  # (1, 6, 12) each
blocks = [slice(3 * i, 3 * (i + 1)) for i in range(4)]  # d = 3 columns a head
parts = [np.array(attention.attend(q[..., b], k[..., b], v[..., b])[0]) for b in blocks]
loop = project(np.concatenate(parts, axis=-1), "output")

batched = np.array(heads.multi_head_attention(sequence, sequence, params, 4)[0])

kernels = {name: params[name][0].reshape(12, 4, 3) for name in ["query", "key", "value"]}
biases = {name: params[name][1].reshape(4, 1, 3) for name in kernels}  # (h, 1, d)
q, k, v = (np.einsum("bnD,Dhd->bhnd", sequence, kernels[n]) + biases[n] for n in kernels)
mixed = np.array(attention.attend(q, k, v)[0])  # (B, h, N, d)
to_output = params["output"][0].reshape(4, 3, 12)  # (h, d, D)
einsum = np.einsum("bhnd,hdD->bnD", mixed, to_output) + params["output"][1]
for name, other in [("loop", loop), ("einsum", einsum)]:
    print(f"{name:6} and batched differ by less than 1e-5: {np.abs(other - batched).max() < 1e-5}")

# %% [markdown]
# Only in the last digits of 32-bit numbers: one algorithm, three spellings.

# %% [markdown]
# ## What each head adds
#
# The einsum makes something visible. $W_O$ is $h$ blocks $W_O^i$ of $(d, D)$, one for each head,
# and the output is a **sum**. With the weights $A_i$ of head $i$:
#
# $$Y = b_O + \sum_i A_i \, (X W_V^i + b_V^i) \, W_O^i$$
#
# $A_i$ says *from where* head $i$ takes something. *What* it takes, and how it writes that down, is
# up to $W_V^i W_O^i$ alone: these two always stand together, as one matrix of $(D, D)$.
#
# **Predict:** here $D = 12$ and there are four heads. How many of the 12 dimensions of a token can
# one head carry over?

# %%
X, A = sequence[0], np.array(four_weights)[0]  # (N, D), (h, N, N)
(value_kernel, value_bias), (output_kernel, output_bias) = params["value"], params["output"]
added = []
for head, b in enumerate(blocks):  # the columns of W_V and the rows of W_O of a head
    carry = value_kernel[:, b] @ output_kernel[b]  # (D, D)
    added.append(A[head] @ X @ carry + value_bias[b] @ output_kernel[b])  # (N, D)
    print(f"head {head}: a matrix of {carry.shape}, of rank {np.linalg.matrix_rank(carry)}")
print("sum and output agree:", np.allclose(sum(added) + output_bias, batched[0], atol=1e-4))

# %%
summands = np.stack([part[0] for part in added] + [output_bias, batched[0, 0]])  # of token 0
plots.heatmap(summands, numbers=True, signed=True, title="token 0: a sum of five rows",
              rows=[*(f"head {i} adds" for i in range(4)), "+ bias", "= output"],
              column_label="feature")
plots.show("A table of twelve features: what four heads and the bias add, and below the output.")

# %% [markdown]
# Add up a column, and you have the output below it (to a hundredth or two: the numbers are
# rounded). And the prediction: three dimensions, as many as the head has columns. This number is
# called the **rank** of a matrix: in how many independent directions its results can lie. A head
# may write into all 12 features, but all it writes is made of three numbers for each token. Each
# head sees all tokens; what they divide is the number of dimensions they carry.

# %% [markdown]
# ### The residual stream
#
# In a transformer, the output of a layer is *added* to its input: $X + Y$. So a head overwrites
# nothing. Tokens run past all layers like a stream, from which every head reads and to which it
# adds its part. This is called the **residual stream** (Elhage and others, *A Mathematical
# Framework for Transformer Circuits*, 2021).

# %%
plots.residual_stream(layers=2, heads=4)
plots.show("An arrow from tokens to scores. In each of two attention layers, four heads read from "
           "it, and a plus sign adds what they bring.")

# %% [markdown]
# Heads of layer 1 read what heads of layer 0 have added: so "it" could tell "tired" about the cat
# in notebook 1. And what stands in the stream at the end is a sum: what the token brought, and what
# each head added. So we can ask of every score how much of it came from which head, and we can take
# a head out. Both will come, with a trained model.

# %% [markdown]
# ### Quick question
#
# Instead of joining the heads' results side by side, someone takes their mean before $W_O$. What
# is lost?
#
# <details><summary>A: nothing, W_O can undo it</summary>It cannot. Two numbers cannot be got
# back from their mean.</details>
# <details><summary>B: which head said what</summary>Yes. "H before me" and "H after me" give the
# same mean, unless the heads agree to write into different features, and then each has fewer.
# Joined side by side, each head has its own block of W_O: the sum that W_O makes knows who is
# speaking.</details>
# <details><summary>C: only speed</summary>The mean is even cheaper. That is not the
# problem.</details>

# %% [markdown]
# ## As a layer
#
# A Keras **layer** is an object that owns its numbers. `layers.Dense(D)` is the projection we
# wrote by hand: it makes its kernel and bias when it first sees an input, and training changes
# them. A layer of your own has two parts:
#
# - `__init__` makes the smaller layers it needs, **once**
# - `call` says what happens to an input, every time
#
# Dense layers made in `call` would be new, random ones at every call, and nothing would ever be
# learned. Keras finds the parts of a layer because they are its attributes, as in
# `self.query_dense = ...`

# %% [markdown]
# ## Exercise: `MultiHeadAttention`
#
# *About 20 minutes, difficulty 2.*
#
# `__init__` is written for you. Fill in `call`:
#
# - `value` is None for self-attention: use the query
# - `mask` as before, None when there is none
# - no kernels here, so your function cannot be called with them: a Dense layer makes its kernel in
#   its first call, when it sees how wide its input is. Call the layers: `self.query_dense(x)`
# - return the output $(B, N_q, D)$, and if `return_weights` is True, the pair of output and
#   weights $(B, h, N_q, N_k)$
#
# Use `keras.ops` here, not NumPy: Keras must be able to follow the numbers in order to train.


# %% nbgrader={"grade": false, "grade_id": "MultiHeadAttention", "locked": false, "schema_version": 3, "solution": true, "task": false}
class MultiHeadAttention(layers.Layer):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.supports_masking = True  # or Keras warns about the name `mask`
        self.num_heads = num_heads
        self.query_dense = layers.Dense(dim)
        self.key_dense = layers.Dense(dim)
        self.value_dense = layers.Dense(dim)
        self.output_dense = layers.Dense(dim)

    def call(self, query, value=None, mask=None, return_weights=False):
        ### BEGIN SOLUTION
        value = query if value is None else value
        output, weights = attention.attend(
            heads.split_heads(self.query_dense(query), self.num_heads),
            heads.split_heads(self.key_dense(value), self.num_heads),
            heads.split_heads(self.value_dense(value), self.num_heads),
            heads.mask_for_heads(mask),
        )
        output = self.output_dense(heads.merge_heads(output))
        return (output, weights) if return_weights else output
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "MultiHeadAttention_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("MultiHeadAttention", MultiHeadAttention)

# %% [markdown]
# ## Does it need several heads?
#
# Let us train one. Sequences of eight letters, drawn at random from a to h. For **each** place
# the model must answer three questions:
#
# - *before*: which letter stands one place before me? (Before the first stands the last.)
# - *mirror*: which letter stands at my place, counted from the other end?
# - *first*: which is the first letter of all?
#
# A token is its letter and its place, both one-hot: $8 + 8$ features. (Notebook 3 has better ways
# to write a place.)


# %%
def draw_sequences(count, rng):
    """-> tokens (count, 8, 16), and the three answers for each place (count, 8, 3)."""
    letter = rng.integers(0, 8, (count, 8))
    place = np.broadcast_to(np.eye(8), (count, 8, 8))
    tokens = np.concatenate([np.eye(8)[letter], place], axis=-1).astype("float32")
    first = np.repeat(letter[:, :1], 8, axis=1)
    return tokens, np.stack([np.roll(letter, 1, axis=1), letter[:, ::-1], first], axis=-1)


train_tokens, train_answers = draw_sequences(38_400, rng)
test_tokens, test_answers = draw_sequences(1_000, rng)
spelled = "".join("abcdefgh"[i] for i in test_tokens[0, :, :8].argmax(axis=-1))
print(spelled, "-> place 2:", ["abcdefgh"[i] for i in test_answers[0, 2]])

# %% [markdown]
# ### The model, with your layer
#
# A Dense layer makes $D = 32$ features of each token. Then come one or more attention layers:
# **yours**, if it passes its check. What each brings is added to the stream. A last Dense layer
# gives three rows of 8 scores. Nothing else.
#
# `keras.Input` says what will come in, and each layer is called on what comes before it.
# `keras.Model` then takes all layers from one end to the other. We make two models of the same
# layers. One ends in the scores. The other is for us to look inside: it gives the attention
# weights and the stream before each attention layer.

# %%
MultiHeadAttention = yours_or_ours("MultiHeadAttention", MultiHeadAttention)


def build(num_heads, depth):
    """Tokens (B, 8, 16) -> scores (B, 8, 3, 8); and tokens -> all weights, the stream."""
    tokens = keras.Input((8, 16))
    x = layers.Dense(32)(tokens)
    all_weights, stream = [], []
    for _ in range(depth):
        stream.append(x)
        looked, weights = MultiHeadAttention(32, num_heads)(x, return_weights=True)
        x = x + looked
        all_weights.append(weights)
    scores = layers.Reshape((8, 3, 8))(layers.Dense(24, name="scores")(x))
    seen = [ops.stack(all_weights, axis=1), ops.stack(stream, axis=1)]
    return keras.Model(tokens, scores), keras.Model(tokens, seen)


# %%
model, inside = build(num_heads=4, depth=1)
print("scores ", model(test_tokens[:2]).shape)
for name, seen in zip(["weights", "stream "], inside(test_tokens[:2])):
    print(name, seen.shape)  # (B, depth, h, N, N) and (B, depth, N, D)

# %% [markdown]
# **Training** in three sentences. A *loss* says how wrong the scores are: the cross-entropy turns
# each row of 8 scores into shares by softmax, and is large when the right letter's share is small.
# An *optimizer*, here Adam, changes all kernels and biases a little, so that the loss gets smaller,
# 64 sequences at a time. `fit` repeats that until all sequences were seen.
#
# Train with one head, with two and with four, on 38,400 sequences each: a few seconds.
# **Predict:** which question will one head get right most often? Chance is $1/8$.


# %%
def train(num_heads, depth=1):
    keras.utils.set_random_seed(2)
    print(f"training: {depth} × {num_heads} heads, 600 steps", flush=True)
    model, inside = build(num_heads, depth)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    model.fit(train_tokens, train_answers, batch_size=64, verbose=0)
    return model, inside


def accuracy(model):
    """-> the share of right answers to each of the three questions, (3,)."""
    scores = ops.convert_to_numpy(model(test_tokens))  # (1000, 8, 3, 8)
    return (scores.argmax(axis=-1) == test_answers).mean(axis=(0, 1))


trained = {num_heads: train(num_heads) for num_heads in [1, 2, 4]}
right_answers = np.array([accuracy(model) for model, _ in trained.values()])
sizes = [model.count_params() for model, _ in trained.values()]
print("parameters", sizes)

# %% [markdown]
# All have the same size: more heads divide the same $D$ columns differently. And the right answers:

# %%
plots.heatmap(
    right_answers,
    rows=["1 head", "2 heads", "4 heads"],
    columns=["before", "mirror", "first"],
    title="share of right answers",
    row_label="model",
    column_label="question",
    limits=(0, 1),
)
plots.show("A table: the share of right answers of three models to three questions.")

# %% [markdown]
# One head is far better than chance. It spreads its one look over three places, and the last
# layer guesses from the blend which letter was where. We trained five times, with the seeds 2 to
# 6 in `train` (try another one). One head was best at *first* each time: 87 to 95 % right. One
# question always lost out, with 48 to 60 % right: four times *before*, once *mirror*. Two heads
# had no such question in three of five trainings, and four heads got everything right.
#
# Here is what the one head looks at, averaged over 200 sequences:

# %%
def look(inside, tokens):
    """-> weights (B, depth, h, N, N) and stream (B, depth, N, D) as NumPy arrays."""
    return [ops.convert_to_numpy(seen) for seen in inside(tokens)]


one_weights, _ = look(trained[1][1], test_tokens[:200])  # (200, 1, 1, N, N)
plots.heatmap(one_weights[:, 0, 0].mean(axis=0), row_label="query", column_label="key",
              title="the one head", numbers=False)
plots.show("The mean weights of the one head: eight queries in the rows, eight keys across.")

# %% [markdown]
# Several pale lines at once: the line of *before*, the other diagonal of *mirror*, the left column
# of *first*. Two cells stand out, (0, 7) and (4, 3): there the lines of *before* and *mirror*
# cross, and one look answers both questions.

# %% [markdown]
# ## What the heads look at
#
# The mean weights of the four heads, over 200 test sequences. Rows are queries, columns keys.
# *Before* would be the line just below the diagonal (and the top right corner: before the first
# stands the last), *mirror* the other diagonal, *first* the left column.
#
# **Predict** from the maps: which head does what? (Another seed hands out the jobs differently.)

# %%
four_weights, four_stream = look(trained[4][1], test_tokens[:200])
four_heads = four_weights[:, 0]  # (200, h, N, N)
plots.heatmaps(
    list(four_heads.mean(axis=0)), [f"head {i}" for i in range(4)], numbers=False, limits=(0, 1),
    row_label="query", column_label="key",
)
plots.show("The mean weights of four heads as maps, eight queries by eight keys each.")

# %% [markdown]
# The stream answers. The scores are a product of the stream with the last kernel, and the stream is
# a sum. So each head has its part in the score of the right letter. (We compare with the mean of
# the eight letters' scores: a number added to all eight changes no share.)

# %%
def additions(layer, stream, weights):
    """What each head adds: stream (B, N, D), weights (B, h, N, N) -> (B, h, N, D)."""
    values = heads.split_heads(layer.value_dense(stream), weights.shape[1])  # (B, h, N, d)
    rows = ops.reshape(layer.output_dense.kernel, (weights.shape[1], -1, stream.shape[-1]))
    return ops.convert_to_numpy(ops.einsum("bhqk,bhkd,hde->bhqe", weights, values, rows))


def attentions(model):
    return [layer for layer in model.layers if isinstance(layer, MultiHeadAttention)]


model = trained[4][0]
parts = additions(attentions(model)[0], four_stream[:, 0], four_heads)  # (200, h, N, D)
last_kernel = ops.convert_to_numpy(model.get_layer("scores").kernel)  # (D, 24)
scores = (parts @ last_kernel).reshape(200, 4, 8, 3, 8)  # head, place, question, letter
scores = scores - scores.mean(axis=-1, keepdims=True)
right_letter = np.take_along_axis(scores, test_answers[:200, None, :, :, None], axis=-1)
print(right_letter.shape)

# %%
plots.heatmap(
    right_letter.mean(axis=(0, 2))[..., 0],  # (h, 3)
    rows=[f"head {i}" for i in range(4)], columns=["before", "mirror", "first"],
    title="added to the right letter's score",
)
plots.show("A table: how much each of four heads adds to the right letter's score, by question.")

# %% [markdown]
# Each question has a head that adds most to its right answer. In some trainings each does one job,
# in others a head has two, or two share one. Compare with your guess: a clear line in the map goes
# with a large number here. Where a map has two lines, this table says what they are worth. (A
# line may have holes in rows 0 and 4, where *before* and *mirror* ask for the same key: one head is
# enough there.)

# %% [markdown]
# The same in **bertviz**, for one sequence: its *head view*. Each head has a colour; click on the
# small squares to switch heads off and on. (Like all bertviz views it needs the network. The
# maps above show the same.)

# %% tags=["nbval-ignore-output"]
plots.token_view(four_heads[0], list(spelled), title="What four heads look at in one sequence")

# %% [markdown]
# ### Two layers
#
# Now a model with two layers of four heads: eight heads for three questions. bertviz's *model
# view* shows all of them at once, a row for each layer. Click on a thumbnail to see it large.
# Below it, the same as maps, averaged over all test sequences.

# %% tags=["nbval-ignore-output"]
deep_model, deep_inside = train(num_heads=4, depth=2)
deep_weights, deep_stream = look(deep_inside, test_tokens)  # (1000, 2, h, N, N), (1000, 2, N, D)
print("right answers:", accuracy(deep_model).round(3))
plots.model_view(list(deep_weights[0]), list(spelled), title="Two layers of four heads")

# %%
maps = deep_weights.mean(axis=0).reshape(8, 8, 8)  # (layers · h, N, N)
_, axes = pyplot.subplots(2, 4, figsize=(8.4, 4.4), layout="constrained")
for number, ax in enumerate(axes.flat):
    drawn = ax.imshow(maps[number], cmap="cividis", vmin=0, vmax=1)
    ax.set(title=f"layer {number // 4}, head {number % 4}", xticks=[], yticks=[])
    ax.set(xlabel="key" if number > 3 else "", ylabel="query" if number % 4 == 0 else "")
pyplot.colorbar(drawn, ax=axes, shrink=0.7)
plots.show("Eight maps of mean weights, in two rows: four heads of layer 0, four of layer 1.")

# %% [markdown]
# A few heads have one sharp line, as if it were their job. Others mix two lines, or are blurred.
# Does either tell what they are worth? A picture of weights says where a head *looks*, not whether
# the model *uses* what it sees. To find that out, take it away.

# %% [markdown]
# ## Exercise: `prune_head`
#
# *About 15 minutes, difficulty 2.*
#
# The output of multi-head attention is a sum over the heads (look back at *What each head adds*).
# So a head can be silenced by changing `params` alone. Which numbers must go, and which must stay,
# since they belong to no head?
#
# Write `prune_head(params, head, num_heads)`: it returns **new** params with which
# `multi_head_attention` gives what the other heads give together. Shapes stay as they are, and so
# does the dictionary you were handed, down to its arrays (`np.array(kernel)` makes a copy).


# %% nbgrader={"grade": false, "grade_id": "prune_head", "locked": false, "schema_version": 3, "solution": true, "task": false}
def prune_head(params, head, num_heads):
    """params: name -> (kernel (D, D), bias (D,)), head from 0 -> new params without that head."""
    ### BEGIN SOLUTION
    kernel, bias = params["output"]
    kernel = np.array(kernel)  # a copy: the caller's stays
    width = kernel.shape[0] // num_heads
    kernel[head * width : (head + 1) * width] = 0  # the rows that listen to this head
    return {**params, "output": (kernel, bias)}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "prune_head_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("prune_head", prune_head)

# %% [markdown]
# ### Which heads matter?
#
# Silence one head of the two-layer model, ask the three questions, and give it its voice back.
# Then the next.
#
# A silent head adds zero, and the rest of the model has perhaps never met a zero there. So we do it
# a second way: replace what the head adds by the **mean** of what it adds, over all sequences and
# places. Then all is lost that changes from sequence to sequence or from place to place.
#
# **Predict** from the maps above: which heads will be missed, and by which question?


# %% tags=["nbval-ignore-output"]
deep_layers, whole = attentions(deep_model), accuracy(deep_model)
means = [
    additions(layer, deep_stream[:, n], deep_weights[:, n]).mean(axis=(0, 2))  # (h, D)
    for n, layer in enumerate(deep_layers)
]


def lost_without(silent, keep_mean=False):
    """Accuracy (3,) that the two-layer model loses without some heads, pairs (layer, head)."""
    before = deep_model.get_weights()
    for layer, head in silent:
        dense = deep_layers[layer].output_dense
        kernel, bias = dense.get_weights()
        pruned, _ = heads.prune_head({"output": (kernel, bias)}, head, num_heads=4)["output"]
        dense.set_weights([ops.convert_to_numpy(pruned), bias + keep_mean * means[layer][head]])
    result = accuracy(deep_model)
    deep_model.set_weights(before)
    return whole - result


# %% [markdown]
# First each head alone, in both ways:

# %%
places = [(layer, head) for layer in range(2) for head in range(4)]
missed = np.array([lost_without([place]) for place in places])  # (8, 3)
missed_mean = np.array([lost_without([place], keep_mean=True) for place in places])
plots.heatmaps(
    [missed, missed_mean],
    ["adds nothing", "adds its mean"],
    rows=[f"layer {layer}, head {head}" for layer, head in places],
    columns=["before", "mirror", "first"], limits=(0, 0.8),
)
plots.show("Two tables of the accuracy lost: eight heads in the rows, three questions across.")

# %% [markdown]
# The two tables agree to within 0.05: it makes little difference here whether a head adds nothing
# or its mean. Two to four heads are missed by some question. The others are hardly missed, each
# *alone*: no question loses more than a tenth. (So in our trainings with the seeds 2 to 6.) In a
# large translation model, too, most heads could be silenced alone, and it hardly suffered (Michel,
# Levy and Neubig, *Are Sixteen Heads Really Better than One?*, 2019, section 3.2).

# %% [markdown]
# Now compare with your prediction. How *sharp* is each map (the mean of its rows' largest
# weights), and who misses the head most?

# %% tags=["nbval-ignore-output"]
questions = ["before", "mirror", "first"]
sharp = maps.max(axis=-1).mean(axis=-1)  # (8,)
for (layer, head), much, loss in zip(places, sharp, missed_mean):
    print(f"layer {layer}, head {head}: sharpness {much:.2f}   "
          f"missed most by {questions[loss.argmax()]:6} {loss.max():.2f}")

# %% [markdown]
# In our five trainings every head that cost a question more than 0.15 was sharp (above 0.9). The
# reverse is false: each time a head above 0.8 cost every question less than a tenth. Nor need the
# question that misses a head be the one whose line you saw: with seed 2, on our machine, head 1 of
# layer 0 had the line of *before*, and *mirror* missed it more. So a map gives you a guess, and
# silencing tests it.

# %% [markdown]
# Next we keep for each question the head that it misses most, and silence all others at once.
# **Predict:** will a question lose as much as the others cost it alone, added up? More? Less?

# %% tags=["nbval-ignore-output"]
missed_most = [places[number] for number in missed_mean.argmax(axis=0)]
silenced = [number for number, place in enumerate(places) if place not in missed_most]
together = lost_without([places[number] for number in silenced], keep_mean=True)
print("kept:", missed_most)
print("lost by", questions)
print("  alone, added up  ", missed_mean[silenced].sum(axis=0).round(2))
print("  silenced together", together.round(2))

# %% [markdown]
# The losses of single heads do not add up. In our five trainings the worst question lost 9 to 69
# percentage points. Mostly that was more than the sum (once 0.69 instead of 0.11), but two
# questions of one training lost less (0.03 instead of 0.18).
#
# **Predict:** now silence heads in pairs, any two of the eight, the kept ones too. What will a pair
# cost *beyond* what its two heads cost alone: nothing, more, or less (a negative number)?

# %% tags=["nbval-ignore-output"]
beyond = np.zeros((3, 8, 8))  # question, head, head
for a, b in combinations(range(8), 2):
    pair = lost_without([places[a], places[b]], keep_mean=True)
    beyond[:, a, b] = beyond[:, b, a] = pair - missed_mean[a] - missed_mean[b]
names = [f"{layer}·{head}" for layer, head in places]
largest = np.abs(beyond).max()
plots.heatmaps(list(beyond), questions, numbers=False, signed=True, limits=(-largest, largest),
               rows=names, columns=names, row_label="layer · head", column_label="layer · head")
plots.show("Three maps, one a question: what each pair of eight heads costs beyond its two alone.")

# %% tags=["nbval-ignore-output"]
for question, cost in zip(questions, beyond):
    print(question)
    for word, number in [("most", cost.argmax()), ("least", cost.argmin())]:
        a, b = divmod(number, 8)
        print(f"  {word:5} beyond: {cost[a, b]:5.2f} for {names[a]} and {names[b]}")
    print(f"  most among the heads silenced above: {cost[np.ix_(silenced, silenced)].max():.2f}")

# %% [markdown]
# All three happen. White pairs cost what their two heads cost.
#
# - **Orange, more**: this fits two heads that are **doubles**. While one is silent, the other does
#   a part of its work.
# - **Purple, less**: this fits a chain. If layer 1 passes on what layer 0 brought, either loss
#   breaks it, and the second costs nothing new. Or there was little left to lose.
#
# The numbers fit these stories. They do not prove them.

# %% [markdown]
# In each of our five trainings the brightest pair cost one question 31 to 55 percentage points
# beyond, and one of the two was a head that we had *kept*. So that pair does not explain the loss
# above, where the kept heads were speaking. The pairs of silenced heads cost at most 5 to 38 points
# beyond. Where that is little, more than two heads play together.

# %% [markdown]
# So a table of single heads proves less than it seems to. Silence heads together before you say
# that a head is needed, or is not. And a head that is useless at the end can have helped to learn.

# %% [markdown]
# ## What does it cost?
#
# Four projections, each a kernel and a bias. In Keras' own `layers.MultiHeadAttention` you choose
# `key_dim`, the width of **one** head. The three projections in go from $D$ to $h \cdot
# \text{key\_dim}$ features; the one out goes back to $D$.
#
# With `key_dim` $= D / h$, the usual choice, $h$ cancels out. That is what you saw: 1, 2 and 4
# heads of the same size.

# %% [markdown]
# ## Exercise: `count_attention_parameters`
#
# *About 10 minutes, difficulty 1.*
#
# Write `count_attention_parameters(dim, num_heads, key_dim=None, use_bias=True)`: how many
# numbers are learned. `key_dim` is the width of one head, and None means $D / h$. Without biases,
# none of the four projections has one.
#
# Examples to test your thought with: $D = 4$ and two heads give 80. With `key_dim=4`, these two
# heads are 8 wide together, and it is 156. (Draw the eight arrays as boxes, with their sides.)


# %% nbgrader={"grade": false, "grade_id": "count_attention_parameters", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_attention_parameters(dim, num_heads, key_dim=None, use_bias=True):
    """dim D, key_dim: width of one head (None: D / h) -> number of parameters, an int."""
    ### BEGIN SOLUTION
    inner = num_heads * (dim // num_heads if key_dim is None else key_dim)
    biases = 3 * inner + dim if use_bias else 0
    return 4 * dim * inner + biases
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "count_attention_parameters_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("count_attention_parameters", count_attention_parameters)

# %% [markdown]
# ### Find the bug
#
# A Vision Transformer whose tokens have 64 features says:
#
# ```python
# layers.MultiHeadAttention(num_heads=4, key_dim=64)
# ```
#
# It trains. What did its author probably not mean? Ask Keras:

# %%
wide, usual = [layers.MultiHeadAttention(num_heads=4, key_dim=width) for width in [64, 16]]
for name, layer in [("key_dim=64", wide), ("key_dim=16", usual)]:
    layer.build((None, 10, 64), (None, 10, 64))
    print(name, layer.count_params(), "parameters")

# %% [markdown]
# <details><summary>Answer</summary>key_dim is the width of one head, so four heads are 256 wide
# together: about four times the parameters, and four times the work in the projections. Nothing
# is <em>wrong</em> with wide heads. But whoever compares models should know which one they
# have.</details>

# %% [markdown]
# ### Quick question
#
# Which number decides how many parameters a multi-head attention layer has, if `key_dim` is
# $D / h$?
#
# <details><summary>A: N, the number of tokens</summary>No. The same projections serve every
# token. N decides the work, and the size of the weights (B, h, N, N), which are computed and not
# learned.</details>
# <details><summary>B: h, the number of heads</summary>No: h heads of D / h features are D
# together.</details>
# <details><summary>C: D, the number of features</summary>Yes: 4 D² + 4 D.</details>

# %% [markdown]
# ## In your own words
#
# *About 15 minutes. A person reads this one, not a check. 3 points.*
#
# A friend has trained a model with eight heads. She shows you a beautiful map of one head's
# weights, "this head finds the eyes", and wants to delete the other seven. What do you tell her?
# Five to eight sentences.
#
# - 1 point: what a map of weights shows, and what it does not
# - 1 point: an experiment that would tell, step by step, with what to measure
# - 1 point: one thing that even this experiment can miss

# %% [markdown] nbgrader={"grade": true, "grade_id": "pruning_answer", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# A map of weights shows where a head looks. It does not show what it takes from there (that is
# the values' part), nor whether anything later uses it (that is the output projection's). So a
# head with a blurred map may be needed, and one with a beautiful map may not. I would silence one
# head at a time, by zeroing its rows of the output kernel, and measure accuracy on pictures that
# were not trained on; then compare with the accuracy of the whole model. The heads whose loss is
# near zero are candidates. But two heads can do the same job: each alone is not missed, and both
# together are. So heads must be taken out together in the end, and measured again. And keeping
# only one is a claim that needs its own measurement.
#
# *Rubric: one point for each of the three lines in the question; half a point where the right
# idea has a wrong reason.*

# %% [markdown]
# ## What you have now
#
# | idea | function | shape of the result |
# |---|---|---|
# | a block of features for each head | `split_heads` | $(B, h, N, d)$ |
# | side by side again | `merge_heads` | $(B, N, D)$ |
# | project, split, attend, merge, project | `multi_head_attention` | $(B, N_q, D)$, $(B, h, N_q, N_k)$ |
# | the same, with numbers it owns | `MultiHeadAttention` | the same |
# | take a head out | `prune_head` | params |
# | what it costs | `count_attention_parameters` | a number |
#
# Your points from the checks (the three for your own words come from a person):

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## What we left out
#
# Norms and the MLP that come with attention in a transformer block: notebook 4. How to write a
# place better than one-hot: the next one.
#
# Variants you will meet elsewhere: keys and values shared by several heads, which saves memory
# when text is generated, and attention computed block by block without ever storing the weights,
# which gives the same numbers faster on a GPU.
#
# **Next: notebook 3, positional encoding.**

# %% [markdown]
# ## To read on
#
# - A. Vaswani and others, *Attention Is All You Need*, 2017: section 3.2.2 is this notebook.
# - P. Michel, O. Levy, G. Neubig, *Are Sixteen Heads Really Better than One?*, 2019.
# - E. Voita and others, *Analyzing Multi-Head Self-Attention*, 2019: what the heads that matter
#   do.
# - N. Elhage and others, *A Mathematical Framework for Transformer Circuits*, 2021: the residual
#   stream, and heads as what they move ($W_V W_O$) and from where.
# - J. Vig, *A Multiscale Visualization of Attention in the Transformer Model*, 2019: bertviz.
