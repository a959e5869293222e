# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · Perceiver: a few latents read anything
#
# **You will**
#
# - let eight vectors read 1,024 pixels, and see what each of them looks at
# - find a bug in a published example that no error ever showed, and fix it
# - put a whole Perceiver together with your own functions, and let it count with trained weights
# - send shuffled pixels, pictures of any size, and points in space through one and the same model
# - race CNN, ViT, Swin and Perceiver: the same pictures, the same seconds
#
# **You need** notebooks 1 to 4; for the race at the end it helps to know Swin, notebook 5.
#
# **Time**: two to three hours for you; the machine needs about four minutes, without a GPU.

# %%
import time

import numpy as np
from matplotlib import pyplot

from course_utils import plots
from course_utils.exercises import check, hint, progress, yours_or_ours
from course_utils.reference import attention, perceiver, positional_encoding as positions
from course_utils.reference.transformer import TransformerBlock
from course_utils.training.data import load
from course_utils.training.devices import has_gpu

import keras
from keras import layers, ops

FAST = not has_gpu()  # True: minutes on two CPU cores. False: the race is run on CIFAR-100
clock = time.process_time if FAST else time.perf_counter  # seconds: the processor's, or ours
keras.utils.set_random_seed(6)
rng = np.random.default_rng(6)
print("Keras", keras.__version__, "on", keras.backend.backend(), "| fast path:", FAST)

# %% [markdown]
# The line `FAST = …` chose the way through this notebook, by what your computer has. Write
# `FAST = True` or `FAST = False` there to choose yourself.
#
# ## Letters we use
#
# | letter | meaning |
# |---|---|
# | $B$, $N$ | images in a batch; tokens of data, here one for each pixel |
# | $E$ | numbers that a token of data has |
# | $L$, $D$ | latents; features of a latent |
# | $d$ | width of a query and of a key |
# | $k$ | coordinates of a place: 2 on a picture, 3 in space |
#
# The course's own versions of what you build here are in `perceiver` and `positions`.

# %% [markdown]
# ## The wall
#
# In notebook 4 a token was a patch of many pixels. Why not a pixel? Attention compares every
# token with every token, and stores a weight for each pair. **Predict** how much memory the
# weights of a single head take for one photo of $224 \times 224$.

# %%
for side in [32, 64, 128, 224]:
    tokens = side * side
    weights = tokens * tokens
    size = 4 * weights / 1e9  # a float32 has four bytes
    print(f"{side:3} × {side:3}: {tokens:6,} tokens, {weights:13,} weights, {size:6.3f} GB")

# %% [markdown]
# Ten gigabytes, for one head, in one layer, for one photo. ViT gets round this wall with patches,
# Swin with windows. Both know that their input is a *picture*: that it has a grid, that neighbours
# belong together, that a patch is a sensible thing to cut.
#
# The Perceiver asks another question. Must every pixel talk to every pixel? If you read a long
# book, you do not compare each word with each other word. You have a few thoughts in your head,
# and the book goes by.

# %% [markdown]
# Those thoughts are the **latents**: $L$ vectors, far fewer than there are tokens, and as many
# for a book as for a postcard. They are learned, like every kernel. Only they ask; the data
# answer. So there are $L \cdot N$ weights, not $N^2$. Here are both, drawn to scale.
#
# (The paper calls the latents the *latent array* and the data the *byte array*, for they may be
# anything. It writes $N$ for our $L$, and $M$ for our $N$. `timm` 1.0.31 has no Perceiver.)

# %%
_, axes = pyplot.subplots(1, 2, figsize=(7.5, 3.2), layout="constrained")
for ax, queries, name in zip(axes, [1024, 32], ["1,024 tokens ask", "32 latents ask"]):
    ax.add_patch(pyplot.Rectangle((0, 1024 - queries), 1024, queries, color=plots.BLUE))
    ax.set(title=name, xlim=(-20, 1044), ylim=(-20, 1044), aspect="equal", yticks=[])
    ax.set(xlabel="1,024 tokens answer", xticks=[0, 1024])
    colour = "white" if queries > 32 else "black"
    ax.text(512, 450, f"{queries * 1024:,} weights", ha="center", color=colour)
plots.show("A large square of a million weights, and beside it a thin strip: 32,768 weights.")

# %% [markdown]
# The strip is the **bottleneck**: whatever the model wants to know about a picture has to pass
# through 32 vectors. That is what makes it cheap, and what it may suffer from. We shall look at
# both.

# %% [markdown]
# ## Cross-attention
#
# It is the attention of notebook 1, with two sources. With latents $Z$ of shape $(L, D)$ and data
# $X$ of shape $(B, N, E)$,
#
# $$Q = Z\, W_Q, \qquad K = X\, W_K, \qquad V = X\, W_V, \qquad
#   \text{output} = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V$$
#
# The kernels have the shapes $(D, d)$, $(E, d)$ and $(E, D)$, so the output is $(B, L, D)$: again
# $L$ latents, of the same width, now for each image its own.
#
# The *same* latents meet every image. Think of them as questions that the model has learned to
# ask.

# %% [markdown]
# ### By hand
#
# Five tokens of three numbers: how red, how blue, and where (from −1 to 1). Two latents: "where
# is red?" and "where is blue?". The keys are the colours, the value is the place. **Predict** the
# two answers.

# %%
tokens = np.array([[1, 0, -1], [0, 0, -0.5], [0, 0, 0], [0, 0, 0.5], [0, 1, 1]], "float32")
by_hand = {
    "query": 10 * np.eye(2, dtype="float32"),  # (D, d): a loud voice
    "key": np.eye(3, 2, dtype="float32"),  # (E, d): the two colours
    "value": np.array([[0, 0], [0, 0], [1, 0]], "float32"),  # (E, D): the place comes first
}
latents = np.eye(2, dtype="float32")  # red?, blue?
answers = ops.convert_to_numpy(perceiver.cross_attend(latents, tokens[None], by_hand))
print("red is at", answers[0, 0, 0].round(3), "  blue is at", answers[0, 1, 0].round(3))

# %% [markdown]
# Check it: a red token scores $10 \cdot 1 / \sqrt 2 \approx 7.1$, the others 0. So its weight is
# $e^{7.1} / (e^{7.1} + 4) \approx 0.997$, and nearly all of the answer is its place, −1.
#
# Two latents and one look, and we know that red is left of blue. Keep this in mind: it is the task
# *left or right* of notebook 3, and we give it to a Perceiver soon.

# %% [markdown]
# ## Exercise: `cross_attend`
#
# *About 15 minutes, difficulty 2 of 3.*
#
# Write `cross_attend(latents, data, params)`: latents $(L, D)$, data $(B, N, E)$, and `params`
# with the kernels `params["query"]` $(D, d)$, `params["key"]` $(E, d)$ and `params["value"]`
# $(E, D)$. The result is $(B, L, D)$. There is one head, and no bias.
#
# `attention.attend(query, key, value)` of notebook 1 may help. It returns a pair, output and
# weights.


# %% nbgrader={"grade": false, "grade_id": "cross_attend", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_attend(latents, data, params):
    """latents (L, D), data (B, N, E), params of three kernels -> (B, L, D)."""
    ### BEGIN SOLUTION
    query = ops.matmul(latents, params["query"])[None]  # (1, L, d): the same for every image
    key = ops.matmul(data, params["key"])  # (B, N, d)
    value = ops.matmul(data, params["value"])  # (B, N, D)
    output, _ = attention.attend(query, key, value)
    return output
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cross_attend_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("cross_attend", cross_attend)

# %% [markdown]
# ### Find the bug
#
# A layer keeps its latents as a weight of shape $(L, D)$, and calls
#
# ```python
# query = self.query_dense(self.latents)[:, None]   # (L, 1, d)
# key = self.key_dense(data)                        # (B, N, d)
# scores = query @ ops.swapaxes(key, 1, 2) / d**0.5
# ```
#
# With 64 latents and batches of 64 it trains without a word. What does it compute?
#
# <details><summary>Answer</summary>The new axis is in the wrong place, so latents line up with
# images: image 7 is read by latent 7 alone. There is an error for any other batch, such as the
# last one of an epoch; but not for a single image, where the right numbers come out with their axes
# exchanged, (L, 1, N). It should be [None]: (1, L, d) repeats over the batch.</details>

# %% [markdown]
# ## A layer that exists, and a bug
#
# Keras has a layer for this, `keras.layers.Attention`. A Perceiver on Keras' own website
# (K. Salama, *Image classification with Perceiver*, 2021) makes query, key and value with three
# Dense layers of the same width, and then calls
#
# ```python
# layers.Attention(use_scale=True, dropout=0.1)([query, key, value])
# ```
#
# It runs, and it trains. Compare it with attention:

# %%
query = rng.standard_normal((1, 4, 16)).astype("float32")  # 4 latents ask
key, value = rng.standard_normal((2, 1, 6, 16)).astype("float32")  # 6 tokens answer
published = layers.Attention(use_scale=True)([query, key, value])
right, _ = attention.attend(query, key, value)
pair = [ops.convert_to_numpy(x)[0] for x in (published, right)]
largest = np.abs(pair).max()
plots.heatmaps(pair, ["the published line", "attention"], numbers=False, limits=(-largest, largest),
               row_label="latent", column_label="feature")
plots.show("What four latents found, 16 numbers each: by the published line, and by attention.")

# %% [markdown]
# Each row is what a latent found, in 16 numbers: nothing in common. Two things are wrong in that
# line, and neither gives an error, because all widths agree. **Find them**: look up what the layer
# wants, `help(layers.Attention)`, before you open this.
#
# <details><summary>The first</summary>The order. Keras wants <code>[query, value, key]</code>, the
# value in the middle.</details>
# <details><summary>The second</summary>The scale. This layer divides by nothing. And
# <code>use_scale=True</code> is not 1/√d: it multiplies by a number that is <em>learned</em>, and
# starts at 1.</details>

# %% [markdown]
# ## Exercise: `keras_attention`
#
# *About 10 minutes, difficulty 2.*
#
# Write `keras_attention(query, key, value)` with `keras.layers.Attention`, so that it equals
#
# $$\text{softmax}\!\left(\frac{\text{query}\;\text{key}^\top}{\sqrt d}\right) \text{value}$$
#
# for query $(B, N_q, d)$, key $(B, N_k, d)$ and value $(B, N_k, d_v)$. The check looks at the
# numbers alone, in cases where the widths agree and in cases where they do not.


# %% nbgrader={"grade": false, "grade_id": "keras_attention", "locked": false, "schema_version": 3, "solution": true, "task": false}
def keras_attention(query, key, value):
    """query (B, Nq, d), key (B, Nk, d), value (B, Nk, dv) -> (B, Nq, dv)."""
    ### BEGIN SOLUTION
    query = query / query.shape[-1] ** 0.5  # the layer divides by nothing
    return layers.Attention()([query, value, key])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "keras_attention_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("keras_attention", keras_attention)

# %% [markdown]
# ### Quick question
#
# With its arguments in the wrong order, that example still reports about 53 % on CIFAR-100, after
# 40 epochs. Why is it not at chance?
#
# <details><summary>A: the order does not matter to attention</summary>It does: those two outputs
# had nothing in common.</details>
# <details><summary>B: key and value are two Dense layers of the same data. With names exchanged it
# is the same family of models</summary>Yes. What is called key_dense learns to make values, and
# vice versa. The bug hurts as soon as the two differ: other widths, loaded weights, a
# value that is not learned.</details>
# <details><summary>C: the latent transformer repairs it</summary>There is nothing to repair, as B
# says. And it never sees the data.</details>

# %% [markdown]
# ### Find the bug
#
# "Eight heads for latents of 256 features: `layers.MultiHeadAttention(num_heads=8, key_dim=256)`."
# What did the author get?
#
# <details><summary>Answer</summary>key_dim is the width of one head, not of all. So each head is as
# wide as the model, and the four projections have 2.1 million numbers, not 0.26 million. It is
# legal, and the same example does so in its latent transformer. Whoever wants eight heads
# that share 256 features writes key_dim=32. (count_attention_parameters of notebook 2 gives both
# numbers.)</details>

# %% [markdown]
# ## Where is a pixel?
#
# A pixel is three numbers, and a Perceiver sees a *bag* of them. Each needs to be told its place.
# It could be a table, as in ViT, but a table has a fixed number of rows, and we want pictures of
# any size. Sinusoids then: but for places that are **real numbers**. A coordinate $p$ runs from
# −1 at one edge to 1 at the other, however many pixels lie between. Its **Fourier features** are
#
# $$p, \quad \sin(\pi f_1 p), \ldots, \sin(\pi f_b\, p), \quad
#   \cos(\pi f_1 p), \ldots, \cos(\pi f_b\, p)$$
#
# with $b$ frequencies $f$ (the *bands*), evenly from 1 up to half the resolution. A frequency of
# $f$ makes $f$ turns from edge to edge.

# %%
places = positions.grid_positions((32, 32))  # (1024, 2): row and column of each pixel, -1 to 1
features = ops.convert_to_numpy(positions.fourier_features(places, 4, 32))  # (1024, 18)
_, axes = pyplot.subplots(2, 5, figsize=(8, 3.4), layout="constrained")
names = ["p", "f = 1", "f = 6", "f = 11", "f = 16"]
for axis, number in np.ndindex(2, 5):
    column = axis if number == 0 else 2 + 4 * axis + number - 1
    ax = axes[axis, number]
    ax.imshow(features[:, column].reshape(32, 32), cmap="cividis")
    ax.set(title=names[number] if axis == 0 else None, xticks=[], yticks=[])
    ax.set_ylabel(["row", "column"][axis] if number == 0 else None)
plots.show(
    "Ten maps of 32 by 32: a ramp and four ever finer sets of stripes, for rows and again "
    "for columns. The finest change from pixel to pixel."
)

# %% [markdown]
# Each map is one feature of all 1,024 places: a ramp, then the sines (their cosines look alike,
# moved by a quarter turn). Slow waves say roughly where, fast ones say exactly where. These
# numbers are not added to the colours but put **beside** them: with 3 colours and 2 axes of 4
# bands a token has $E = 3 + 2 \cdot (2 \cdot 4 + 1) = 21$ numbers.
#
# Why stop at half the resolution? A wave needs at least two pixels a turn. Try one that is too
# fast. **Predict** what 32 pixels see of 20 turns. (The code looks for a slower wave that looks the
# same to them.)

# %%
pixels, fine = np.linspace(-1, 1, 32), np.linspace(-1, 1, 2000)
seen = np.sin(np.pi * 20 * pixels)
slow = next(f for f in range(1, 20) if np.allclose(np.sin(np.pi * f * pixels), seen))
_, axes = pyplot.subplots(figsize=(9, 2.4), layout="constrained")
axes.plot(fine, np.sin(np.pi * 20 * fine), color=plots.VERMILLION, linewidth=0.8, label="20 turns")
axes.plot(fine, np.sin(np.pi * slow * fine), color=plots.BLUE, linewidth=1.6, label=f"{slow} turns")
axes.plot(pixels, seen, "o", color="black", markersize=4, label="the pixels")
axes.set(xlabel="place p", ylim=(-1.2, 1.6), yticks=[-1, 0, 1])
axes.legend(frameon=False, ncols=3, loc="upper right")
plots.show("A fast wave, a slower one, and what 32 pixels see of them, as dots.")

# %% [markdown]
# At the pixels, 20 turns are 11 turns: nothing in the numbers tells them apart. This is the
# **Nyquist** limit, known from music files and from wheels in films that seem to turn backwards.
# A frequency above the limit brings nothing new, and pretends to be a lower one.
#
# (Sharp eyes saw that f = 16 fades towards the edges. With the first and last pixel exactly on the
# edges there are 31 gaps, so the limit is 15.5, and 16 lies a hair above. The published model has
# it so.)

# %% [markdown]
# ## Exercise: `fourier_features`
#
# *About 20 minutes, difficulty 3.*
#
# Write `fourier_features(positions, num_bands, max_resolution)`: positions $(N, k)$ in
# $[-1, 1]$ give $(N, k \cdot (2 \cdot \text{bands} + 1))$. Columns in this order, which is that of
# the published model:
#
# 1. the $k$ raw positions,
# 2. all sines: those of the first axis for all frequencies, then those of the second, …
# 3. all cosines, likewise.
#
# Frequencies lie evenly from 1 to `max_resolution / 2`, both included.
#
# Example: `fourier_features(np.array([[0.5]]), 2, 8)` has $f = 1, 4$ and is
# $(0.5, \sin \frac \pi 2, \sin 2\pi, \cos \frac \pi 2, \cos 2\pi) = (0.5, 1, 0, 0, 1)$.
#
# (In this cell `positions` means the array that you are given.)


# %% nbgrader={"grade": false, "grade_id": "fourier_features", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fourier_features(positions, num_bands, max_resolution):
    """positions (N, k) -> (N, k · (2 · num_bands + 1)): positions, sines, cosines."""
    ### BEGIN SOLUTION
    frequencies = np.linspace(1, max_resolution / 2, num_bands)  # (bands,)
    angles = np.pi * positions[:, :, None] * frequencies  # (N, k, bands)
    angles = angles.reshape(len(positions), -1)  # (N, k·bands)
    return np.concatenate([positions, np.sin(angles), np.cos(angles)], axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "fourier_features_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("fourier_features", fourier_features)

# %% [markdown]
# ## Look, think, and look again
#
# One look is not enough. After it the latents know *something*, and would ask better questions
# now. So a Perceiver takes turns:
#
# - **look**: cross-attention, from the latents to the data
# - **think**: a *latent transformer*, a few ordinary blocks of notebook 4 in which the latents
#   attend to each other. That costs $L^2$, and $L$ is small.
#
# and again, with the data as they were and the latents as they are by now.

# %%
plots.perceiver_plan(2)
plots.show(
    "A row of boxes: latents, cross-attention, latent transformer, cross-attention, latent "
    "transformer, mean. The data feed keys and values into both cross-attentions, which have the "
    "same weights, as the latent transformers have."
)

# %% [markdown]
# ## Exercise: `perceive`
#
# *About 10 minutes, difficulty 1.*
#
# Write `perceive(latents, data, cross, latent_transformer, iterations)`. The two callables are
# given: `cross(latents, data)` and `latent_transformer(latents)` both return new latents of the
# same shape $(B, L, D)$. One iteration is a look, then a thought. Use the **same** two callables
# in every iteration. With 0 iterations the latents come back as they are.


# %% nbgrader={"grade": false, "grade_id": "perceive", "locked": false, "schema_version": 3, "solution": true, "task": false}
def perceive(latents, data, cross, latent_transformer, iterations):
    """latents (B, L, D), data (B, N, E), two callables -> latents (B, L, D)."""
    ### BEGIN SOLUTION
    for _ in range(iterations):
        latents = cross(latents, data)
        latents = latent_transformer(latents)
    return latents
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "perceive_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("perceive", perceive)

# %% [markdown]
# ## Shared weights
#
# The same two callables every time: the iterations **share their weights**. The model grows in
# depth and not in numbers. It is a network that runs in a loop.
#
# What does that save? Let us count: an array of latents, what makes the tokens (nothing, with
# Fourier features), a cross-attention, a latent transformer, and a head.

# %% [markdown]
# ## Exercise: `count_perceiver_parameters`
#
# *About 5 minutes, difficulty 1.*
#
# Write `count_perceiver_parameters(sizes, iterations, shared)`. `sizes` is a dictionary with how
# many numbers each part learns: `"latents"`, `"tokens"`, `"cross"`, `"latent_transformer"` and
# `"head"`. With `shared=False` each iteration has a cross-attention and a latent transformer of
# its own; all else is there once. The result is a whole number.


# %% nbgrader={"grade": false, "grade_id": "count_perceiver_parameters", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_perceiver_parameters(sizes, iterations, shared):
    """sizes: part -> numbers it learns; -> how many the whole model learns."""
    ### BEGIN SOLUTION
    copies = 1 if shared else iterations
    once = sizes["latents"] + sizes["tokens"] + sizes["head"]
    return once + copies * (sizes["cross"] + sizes["latent_transformer"])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "count_perceiver_parameters_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("count_perceiver_parameters", count_perceiver_parameters)

# %% [markdown]
# Does the count agree with a real model? The course's builder makes a Perceiver from a dataclass
# of sizes. We take its parts' counts from one model, predict eight others, and build one of those.

# %%
tiny = perceiver.VARIANTS["tiny"]
model = perceiver.perceiver(tiny)
size = {layer.name: layer.count_params() for layer in model.layers}
sizes = {
    "latents": size["latents"],
    "tokens": size["tokens"],
    "cross": size["cross_attention_0"],
    "latent_transformer": size["latent_block_0"] + size["latent_block_1"],
    "head": size["norm"] + size["head"],
}
print(sizes)

# %% [markdown]
# The latent transformer is the largest part, and it is one of the two that may be shared. Three
# ways to have eight iterations: each with its own weights, all with the same, or all but the first
# with the same. **Predict** how the three grow:

# %%
rounds, count = [1, 2, 4, 8], perceiver.count_perceiver_parameters
_, ax = pyplot.subplots(figsize=(5.5, 2.7), layout="constrained")
counted = [count(sizes, n, False) for n in rounds]
ax.plot(rounds, counted, "s--", color=plots.VERMILLION, label="each its own")
one, two = (count(sizes, n, False) for n in (1, 2))
ax.plot(rounds, [one, two, two, two], "^-.", color=plots.GREEN, label="shared, all but the first")
ax.plot(rounds, [count(sizes, n, True) for n in rounds], "o-", color=plots.BLUE, label="shared")
ax.set(xlabel="iterations", ylabel="numbers to learn", xticks=rounds, ylim=(0, None))
ax.yaxis.set_major_formatter("{x:,.0f}")
ax.legend(frameon=False)
plots.show("Numbers to learn against iterations: three lines, for iterations with weights of their "
           "own, for iterations that all share, and for iterations of which the first has its own.")

# %%
from dataclasses import replace

four = perceiver.perceiver(replace(tiny, iterations=4, shared=False))
print(f"four iterations, each its own: {four.count_params():,}; counted: {counted[2]:,}")

# %% [markdown]
# Eight looks for the price of one. (In *numbers to keep*. Each look still has to be computed.)
#
# The line in the middle is what the first paper does: all iterations share but the first. That one
# meets latents that have seen nothing yet, and may ask in its own way. It costs one more
# cross-attention and latent transformer, however many iterations there are.

# %% [markdown]
# ### Quick question
#
# Which of these changes how many numbers a Perceiver with Fourier features and shared weights
# learns?
#
# <details><summary>A: pictures of twice the size</summary>No. Nothing in it belongs to a
# pixel.</details>
# <details><summary>B: twice as many iterations</summary>No. The same weights run
# again.</details>
# <details><summary>C: twice as many latents</summary>Yes, a little: each latent is a row of D
# numbers. But no kernel knows how many rows there are.</details>
# <details><summary>D: twice as many bands</summary>Yes: tokens get wider, and the kernels that read
# them have a row for each of their numbers.</details>

# %% [markdown]
# ## The whole model
#
# You have all the parts now. A trained Perceiver is nothing but these parts, in this order, and a
# dictionary of arrays that somebody has found for them.

# %%
boxes = {
    "images": (0, 1, "B, H, W, C"), "fourier_features": (0, 0, "N, 2 · (2 · bands + 1)"),
    "data": (1.5, 1, "B, N, E"), "latents": (1.5, 0, "B, L, D"),
    "look:\ncross_attend, MLP": (3, 0, "B, L, D"),
    "think: attention\nand MLP, by blocks": (4.6, 0, "B, L, D"),
    "norm, mean": (6.3, 0, "B, D"), "head: logits": (7.6, 0, "B, K"),
}  # fmt: skip
arrows = [((0.35, 1), (1.25, 1)), ((0.4, 0.2), (1.25, 0.85)), ((1.75, 0.95), (2.75, 0.3))]
arrows += [((a, 0), (b, 0)) for a, b in [(1.8, 2.3), (3.65, 3.85), (5.35, 5.9), (6.7, 7.1)]]
_, ax = pyplot.subplots(figsize=(11, 2.5), layout="constrained")
ax.add_patch(pyplot.Rectangle((2.2, -0.55), 3.3, 1.15, fill=False, ls="--", ec=plots.BLUE))
ax.text(3.85, 0.65, "perceive: again and again", ha="center", va="bottom", color=plots.BLUE)
for name, (x, y, shape) in boxes.items():
    ax.text(x, y, name, ha="center", va="center", bbox={"boxstyle": "round", "fc": "0.93"})
    ax.text(x, y - 0.4, f"({shape})", ha="center", size=8)
for start, end in arrows:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->"})
ax.set(xlim=(-0.7, 8.1), ylim=(-0.6, 1.25), xticks=[], yticks=[], frame_on=False)
plots.show("Pixels and the features of their places make the data; the latents look and think "
           "in a frame called perceive, again and again; then norm, mean, head and logits.")

# %% [markdown]
# The dictionary `weights`:
#
# | name | what it holds |
# |---|---|
# | `"latents"` | $(L, D)$ |
# | `"cross"` | a dictionary for the look |
# | … `"norm1"`, `"data_norm"` | `(gamma, beta)`, for the latents $(D)$ and for the data $(E)$ |
# | … `"attention"` | `params`, as `cross_attend` takes them |
# | … `"norm2"`, `"mlp"` | `(gamma, beta)`; two pairs `(kernel, bias)` |
# | `"blocks"` | a list, a dictionary for each block of the latent transformer |
# | … `"norm1"`, `"attention"`, `"norm2"`, `"mlp"` | as in `vit_logits` of notebook 4 |
# | `"norm"`, `"head"` | `(gamma, beta)` and `(kernel, bias)` |

# %% [markdown]
# ### A bias that is none
#
# Trained models have biases, and `cross_attend` has kernels alone. There is an old trick: put a 1
# behind the features of a vector. Then the last row of the kernel is the bias.
#
# $$(x, 1) \begin{pmatrix} W \\ b \end{pmatrix} = x\, W + b$$
#
# `with_one(x)` does it. So in `weights["cross"]["attention"]` the kernels are $(D + 1, d)$,
# $(E + 1, d)$ and $(E + 1, D)$, and both latents and data want their 1.

# %%
from course_utils.reference.multi_head_attention import multi_head_attention
from course_utils.reference.plain_perceiver import dense, mlp, norm, perceiver_weights, with_one

# multi_head_attention(x, x, params, num_heads) takes the tokens twice, for queries and for keys and
# values, and returns a pair (output, weights).
# dense(x, kernel, bias) is x @ kernel + bias; norm(x, gamma, beta) norms each vector;
# mlp(x, wide, narrow) is a dense layer, a GELU, a dense layer.
print(np.asarray(with_one(np.array([[2.0, 3.0]]))))

# %% [markdown]
# ## Exercise: `perceiver_logits`
#
# *About 30 minutes, difficulty 3.*
#
# Write `perceiver_logits(images, weights, num_bands, max_resolution, iterations, num_heads)`,
# images $(B, H, W, C)$ to logits $(B, K)$. Take your own functions.
#
# - **data**: colours, then the features of the places `positions.grid_positions((H, W))`
# - **look**: the normed latents read the normed data, each `with_one`; what they read is added.
#   Then an MLP: two residuals, as in any block
# - **think**: the blocks, as in notebook 4
# - **head**: reads the mean of the normed latents
#
# `num_heads` is for the blocks; the look has one head. `weights["latents"]` go in, $(L, D)$ or
# repeated for each image. After the first look each has its own, $(B, L, D)$. Does your
# `cross_attend` take them? `perceiver.cross_attend` does.


# %% nbgrader={"grade": false, "grade_id": "perceiver_logits", "locked": false, "schema_version": 3, "solution": true, "task": false}
def perceiver_logits(images, weights, num_bands, max_resolution, iterations, num_heads):
    """images (B, H, W, C), weights: the dictionary above -> logits (B, K)."""
    ### BEGIN SOLUTION
    batch, height, width, channels = images.shape
    places = np.asarray(positions.grid_positions((height, width)))
    places = np.asarray(fourier_features(places, num_bands, max_resolution), "float32")
    pixels = ops.reshape(images, (batch, height * width, channels))
    data = ops.concatenate([pixels, np.repeat(places[None], batch, axis=0)], axis=-1)  # (B, N, E)
    latents = np.repeat(weights["latents"][None], batch, axis=0)  # (B, L, D)

    def cross(latents, data):
        look = weights["cross"]
        asking = with_one(norm(latents, *look["norm1"]))
        asked = with_one(norm(data, *look["data_norm"]))
        latents = latents + perceiver.cross_attend(asking, asked, look["attention"])
        return latents + mlp(norm(latents, *look["norm2"]), *look["mlp"])

    def latent_transformer(latents):
        for block in weights["blocks"]:
            asking = norm(latents, *block["norm1"])
            found, _ = multi_head_attention(asking, asking, block["attention"], num_heads)
            latents = latents + found
            latents = latents + mlp(norm(latents, *block["norm2"]), *block["mlp"])
        return latents

    latents = perceive(latents, data, cross, latent_transformer, iterations)
    return dense(ops.mean(norm(latents, *weights["norm"]), axis=1), *weights["head"])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "perceiver_logits_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("perceiver_logits", perceiver_logits)

# %% [markdown]
# ## Your model, with trained weights
#
# `course train perceiver --data scenes --task count --size 24000 --recipe plain` trained a model
# of the course's Keras layers: 16 latents look twice at 1,024 pixels, with two blocks
# behind each look. That took ten minutes of one processor core, so its weights come with the
# course.
#
# The task: how many shapes are there, one to five? **Predict**: how often do your function and the
# Keras model that the weights come from say the same number? And how often is it right?

# %% tags=["nbval-ignore-output"]
from course_utils.training import trained
from course_utils.training.images import scale

perceiver_logits = yours_or_ours("perceiver_logits", perceiver_logits)
trained_model, answers = trained.load_trained("perceiver-scenes")
weights = perceiver_weights(trained_model)
unseen = load("scenes", task="count", size=4_000).test  # 400 scenes that no training saw
mine = np.asarray(perceiver_logits(scale(unseen.images), weights, 6, 32, 2, 4))
keras_own = np.asarray(trained_model(scale(unseen.images)))
largest = np.abs(keras_own).max()
print(f"logits agree to 1e-4: {np.abs(mine - keras_own).max() < 1e-4 * largest}, "
      f"the same number: {np.mean(mine.argmax(-1) == keras_own.argmax(-1)):.0%}")
print(f"right on {np.mean(mine.argmax(-1) == unseen.labels):.1%} of {len(mine)} new scenes; "
      f"the Keras model: {np.mean(keras_own.argmax(-1) == unseen.labels):.1%} (chance: 20%)")

# %% [markdown]
# Six of them, each with what your function says, and a table of all: in the row what there is, in
# the column what it says. **Predict** where the mistakes lie.

# %% tags=["nbval-ignore-output"]
chances = np.asarray(ops.softmax(mine))
table = np.zeros((5, 5))
np.add.at(table, (unseen.labels, mine.argmax(-1)), 1)
ratios = [1, 1, 1, 1, 1, 1, 1.6]
_, axes = pyplot.subplots(1, 7, figsize=(11, 2.3), layout="constrained", width_ratios=ratios)
for ax, image, chance in zip(axes[:6], unseen.images, chances):
    ax.imshow(image)
    ax.set_title(f"{answers[chance.argmax()]} {chance.max():.0%}", size=9)
    ax.axis("off")
axes[6].imshow(table, cmap="cividis")
for (row, column), scenes_here in np.ndenumerate(table.astype(int)):
    colour = "white" if scenes_here < 40 else "black"
    axes[6].text(column, row, scenes_here, ha="center", va="center", color=colour, size=8)
axes[6].set(xlabel="it says", ylabel="there are")
axes[6].set_xticks(range(5), range(1, 6))
axes[6].set_yticks(range(5), range(1, 6))
plots.show("Six scenes, each titled with a number in words and its chance, and a table of five by "
           "five: in the rows how many shapes there are, in the columns how many it says.")

# %% [markdown]
# Always the same number: the logits agree to 1e-4, so there is nothing in the Keras model that your
# function lacks. It is right on about 86 of 100 scenes. And where it is wrong, it is wrong by one.
#
# It reads 1,024 single pixels. Nobody told it what a neighbour is, what a shape is, or how to
# count: all of that is in 82,600 numbers, in arrays that you have just handed to your own code.

# %% [markdown]
# ## The same, ready to learn
#
# Now we train some of our own. `CrossAttentionBlock` is your look as a layer, with its norms,
# residual paths and MLP; `LearnedArray` holds the latents. The input is `(None, width)`: *any
# number* of tokens. That it might be an image appears nowhere.


# %%
def reader(width, num_latents, num_classes, dim=32, iterations=2):
    """A Perceiver for tokens (B, N, width), any N: the model, and one that shows its maps."""
    data = keras.Input((None, width))
    look = perceiver.CrossAttentionBlock(dim, 1, dim, inner_dim=width)  # features, heads, MLP; d
    think = TransformerBlock(dim, 2, 2 * dim)  # features, heads, MLP
    maps = []

    def cross(latents, data):
        latents, weights = look(latents, data, return_weights=True)  # (B, 1, L, N)
        maps.append(weights)
        return latents

    latents = perceiver.LearnedArray(num_latents, dim)(data)  # (B, L, D): the same for each of B
    latents = perceiver.perceive(latents, data, cross, think, iterations)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(latents))  # (B, D)
    logits = layers.Dense(num_classes)(x)
    return keras.Model(data, logits), keras.Model(data, maps)


# %%
keras.utils.set_random_seed(2)
body, body_maps = reader(width=21, num_latents=8, num_classes=2)
print(f"{body.count_params():,} numbers;", [tuple(w.shape) for w in body_maps.outputs])

# %% [markdown]
# ## Left or right, pixel by pixel
#
# Notebook 3's task: is the red shape left or right of the blue one? There it took a grid of 64
# patches, and positions. Here are 1,024 single pixels and eight latents. `FourierPixels` puts the
# features of its place beside each pixel.

# %%
from course_utils.training.classifier import train_classifier  # that of notebook 4

scenes = load("scenes", task="side", size=4_000)
print(scenes.train.images.shape, *scenes.class_names)

# %% [markdown]
# Two passes over 4,000 pictures, a quarter of a minute. **Predict** the share of right answers on
# new pictures.

# %% tags=["nbval-ignore-output"]
to_tokens = positions.FourierPixels(4, 32)  # 4 bands, up to 32 / 2 turns
images = keras.Input((32, 32, 3))
side_model = keras.Model(images, body(to_tokens(images)))
pictures, start = scale(scenes.train.images), clock()  # 0 to 255 -> -1 to 1
train_classifier(side_model, pictures, scenes.train.labels, epochs=2, peak=0.004, batch_size=32)
seconds = clock() - start
test_tokens = ops.convert_to_numpy(to_tokens(scale(scenes.test.images)))  # (400, 1024, 21)


def right_answers(tokens, labels=scenes.test.labels, model=body):
    """The share of tokens' pictures that a model answers rightly."""
    scores = model.predict(tokens, batch_size=100, verbose=0)
    return (scores.argmax(axis=-1) == labels).mean()


print(f"right answers: {right_answers(test_tokens):.1%}, after {seconds:.0f} seconds")

# %% [markdown]
# Every answer, or nearly every one. From raw pixels, without a patch or a convolution or a window,
# with fewer than 14,000 numbers to learn.
#
# ### What does each latent look at?
#
# Bright is where a latent looks, in the first look and in the second. (Each map has its own scale,
# and a little of the picture shines through everywhere.) **Predict**: what would *you* want to look
# at?

# %% tags=["nbval-ignore-output"]
shown = [0, 1]
weights = body_maps.predict(test_tokens[shown], verbose=0)  # two looks, each (2, 1, 8, 1024)
for number in range(2):
    looks = np.stack([w[number, 0].reshape(8, 32, 32) for w in weights])  # (looks, L, H, W)
    plots.latent_maps(scenes.test.images[shown[number]], looks)
    plots.show(
        f"Picture {number}, darkened where a latent does not look, for eight latents and two looks."
    )

# %% [markdown]
# In the first look, most latents have found the red shape or the blue one, wherever it is: those
# are the two questions of our example by hand, and nobody told the model. Others watch a part of
# the picture, whatever is there; the plaid pattern is made of the waves of Fourier features. The
# second look starts from what the first one found. In it the latents look more alike: by then they
# have talked to each other.
#
# Beware of reading too much into it. With other first weights the latents share the work in other
# ways: in one of our trainings nearly all of them watched places, and the answers were as good.

# %% [markdown]
# ## Shuffle everything
#
# Attention does not know in which order its tokens come (notebook 1). A Perceiver reads nothing
# but tokens, each with its place written beside it. **Predict** the right answers for pictures
#
# - whose tokens are shuffled, places and all
# - whose *colours* are shuffled and whose places stay
# - without places: all of them set to 0

# %% tags=["nbval-ignore-output"]
order = rng.permutation(1024)
shuffled = test_tokens[:, order]
colours_shuffled = np.concatenate([shuffled[..., :3], test_tokens[..., 3:]], axis=-1)
no_places = test_tokens * (np.arange(21) < 3)
cases = [test_tokens, shuffled, colours_shuffled, no_places]
shares = [right_answers(tokens) for tokens in cases]
_, axes = pyplot.subplots(1, 3, figsize=(9, 2.6), layout="constrained", width_ratios=[1, 1, 2.4])
for ax, tokens, name in zip(axes, cases[::2], ["as it is", "places ignored"]):
    ax.imshow((tokens[0, :, :3].reshape(32, 32, 3) + 1) / 2)
    ax.set(title=name, xticks=[], yticks=[])
plots.bars(
    shares,
    ["as it is", "tokens\nshuffled", "colours\nshuffled", "no places"],
    ax=axes[2],
    title="right answers",
)
plots.show(
    "A scene, the same with its pixels in a random order, and four bars of right answers: as it "
    "is, tokens shuffled, colours shuffled, no places."
)

# %% [markdown]
# Shuffle whole tokens, and not one answer changes. The picture in the middle is what you would
# see if you ignored the places; *with* its places, that heap of pixels is the very same picture
# to the model. But give the pixels wrong places, or none, and it is chance.
#
# It also means that this model knows nothing about neighbours. That two pixels touch is
# something it has to find out from the numbers.

# %% [markdown]
# ### Fewer pixels
#
# If the data are a set, half of the set is a set, too. Drop pixels at random, with their places.
# **Predict** where the model breaks: at half of the pixels? A tenth? A hundredth?

# %% tags=["nbval-ignore-output"]
kept = [1024, 512, 256, 128, 64, 32, 16, 8]
accuracy = [right_answers(test_tokens[:, rng.permutation(1024)[:n]]) for n in kept]
_, ax = pyplot.subplots(figsize=(6, 2.6), layout="constrained")
ax.semilogx(kept, accuracy, "o-", color=plots.BLUE)
ax.axhline(0.5, color=plots.GREY, linewidth=1)
ax.set(xlabel="pixels left of 1,024", ylabel="right answers", ylim=(0.4, 1.02))
ax.set_xticks(kept, [str(n) for n in kept])
ax.minorticks_off()
plots.show("Right answers against the pixels left, from 8 to 1,024, and a line for chance.")

# %% [markdown]
# Three of four pixels may go, and hardly an answer changes. A shape has about forty pixels, one in
# twenty-five. With 64 pixels left, two or three of them lie on each shape, and that is often
# enough. With eight left it is close to guessing: half of the pictures show no red and no blue at
# all, and only one in fifteen shows both.

# %% [markdown]
# ## Pictures of any size
#
# The same trained numbers, other pictures: twice as large, flat, tall, and not even with whole
# factors. `FourierPixels` knows how to place any grid between −1 and 1.

# %% tags=["nbval-ignore-output"]
rows, shapes = [], [(32, 32), (64, 64), (24, 24), (32, 64), (48, 20)]
for height, width in shapes:
    resized = ops.image.resize(scale(scenes.test.images), (height, width))
    tokens = ops.convert_to_numpy(to_tokens(resized))
    body.predict(tokens[:100], batch_size=100, verbose=0)  # a new size may be compiled first
    start = clock()
    share = right_answers(tokens)
    rows.append(
        f"{height:3} × {width:<3} {tokens.shape[1]:5,} tokens   {share:6.1%} right   "
        f"{1000 * (clock() - start) / len(tokens):5.1f} ms a picture"
    )
print("\n".join(rows))

# %% [markdown]
# Nothing was trained again, and nothing padded. (For a new size, notebook 4 had to stretch its
# table of positions, and Swin pads its map until windows fill it.) Small or squeezed pictures may
# lose a little. One suspect: the fastest wave makes 16 turns, and 20 columns cannot show that many
# (you have seen what they show instead). And the time grows with the number of tokens. How,
# exactly?

# %% [markdown]
# ## What it costs
#
# Let us count multiplications; only those in the two products of each attention, queries with keys
# and weights with values. Projections and MLPs are left out.
#
# There is a way to see them. Draw the *weights* of every attention, to scale. Each of them was a
# dot product of width $D$, and then it multiplied a value of width $D$. Here is one iteration, with
# 16 latents, 256 tokens and two blocks:

# %%
_, ax = pyplot.subplots(figsize=(10, 1.6), layout="constrained")
parts = [(256, "look", plots.VERMILLION), (16, "block", plots.BLUE), (16, "block", plots.BLUE)]
left = 0
for wide, name, colour in parts:
    ax.add_patch(pyplot.Rectangle((left, 0), wide, 16, color=colour))
    ax.text(left + wide / 2, -6, "N" if wide > 16 else "L", ha="center", va="top")
    ax.text(left - 3, 8, "L", ha="right", va="center")
    ax.text(left + wide / 2, 22, name, ha="center")
    left += wide + 24
ax.set(xlim=(-15, left), ylim=(-20, 36), aspect="equal")
ax.axis("off")
plots.show("A long strip, L by N, called look; behind it two small squares, L by L, called block.")

# %% [markdown]
# ## Exercise: `perceiver_cost`
#
# *About 5 minutes, difficulty 1.*
#
# Look at the drawing first, and **predict**, for example: 16 latents read 1,024 pixels, with one
# block an iteration. How many times as much do they spend on looking as on thinking?
#
# Then write `perceiver_cost(num_tokens, num_latents, dim, depth, iterations)`: the multiplications
# in the products of all attentions, for `depth` blocks an iteration. All widths are $D$.

# %% nbgrader={"grade": false, "grade_id": "perceiver_cost", "locked": false, "schema_version": 3, "solution": true, "task": false}
def perceiver_cost(num_tokens, num_latents, dim, depth, iterations):
    """N tokens, L latents, D features -> multiplications in all products of attention."""
    ### BEGIN SOLUTION
    look = 2 * num_tokens * num_latents * dim
    block = 2 * num_latents**2 * dim
    return iterations * (look + depth * block)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "perceiver_cost_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("perceiver_cost", perceiver_cost)

# %% [markdown]
# As many times as the strip is longer than the square: $N / L$, here 64 times for one block. To
# think is nearly free. So a Perceiver can be deep, as long as it does not look too often: the
# published Perceiver IO for photos looks once, and then runs 48 blocks.

# %% [markdown]
# Now beside the others. Each curve is attention of width 64, on square pictures of growing side:
# one layer of it, or for the latents one iteration (a look and two blocks):
#
# - every pixel with every pixel
# - ViT's patches of 16, all with all
# - Swin's patches of 4, in windows of $8 \times 8$
# - 32 latents that look at all pixels and think in two blocks
#
# **Predict** for each: twice the side is how many times the work? (Both axes grow by factors, so
# a straight line is a power, and its slope says which.)

# %%
from course_utils.reference.windows import attention_cost


def products(side, patch, window=None):
    """Multiplications in the products of attention on the patches of a picture; width 64."""
    n = side // patch
    return attention_cost(n, n, 64, window) - 4 * n * n * 64**2  # without projections


# %% [markdown]
# Each from 64 pixels a side to 1,024:

# %%
sides = [64, 128, 256, 512, 1024]
curves = {
    "every pixel": [products(side, 1) for side in sides],
    "ViT, patches of 16": [products(side, 16) for side in sides],
    "Swin, patches of 4": [products(side, 4, 8) for side in sides],
    "Perceiver, every pixel": [perceiver.perceiver_cost(s * s, 32, 64, 2, 1) for s in sides],
}
styles = [("o-", plots.BLUE), ("s--", plots.VERMILLION), ("^-.", plots.GREEN), ("D-", plots.PURPLE)]
_, ax = pyplot.subplots(figsize=(6.5, 3.4), layout="constrained")
for (name, values), (style, colour) in zip(curves.items(), styles):
    ax.loglog(sides, values, style, color=colour, label=name)
ax.set(xlabel="side of the picture in pixels", ylabel="multiplications")
ax.set_xticks(sides, [str(side) for side in sides])
ax.minorticks_off()
ax.legend(frameon=False)
plots.show(
    "Multiplications against the side of the picture, a line for each of the four. Both axes "
    "grow by factors."
)

# %% [markdown]
# Twice the side is four times the pixels. Where all tokens meet all, that is *sixteen* times the
# work: also for ViT, whose patches only move the wall away. Swin and the Perceiver pay *four*
# times as much: they are linear in the number of pixels. Swin gets there because it knows what a
# neighbour is; the Perceiver does not need to know.
#
# Mind the heights, too. With patches, ViT and Swin look at far fewer tokens, and up to here both
# stay below a Perceiver that reads every single pixel.
#
# Those were multiplications on paper. Does a clock agree?

# %%
from course_utils.reference.multi_head_attention import MultiHeadAttention
from course_utils.reference.swin_transformer import WindowAttention


def milliseconds(layer, *inputs):
    """The quickest of five calls; the first one, which builds the layer, does not count."""
    times = []
    for _ in range(6):
        start = clock()
        ops.convert_to_numpy(layer(*inputs))
        times.append(1000 * (clock() - start))
    return min(times[1:])


# %% [markdown]
# All with all, windows, and 32 latents; from 256 pixels to 4,096.

# %% tags=["nbval-ignore-output"]
full, swin = MultiHeadAttention(64, 2), WindowAttention(64, 2, 8)
cross = perceiver.CrossAttentionBlock(64, 2, 64)
latents, timed = rng.standard_normal((1, 32, 64)).astype("float32"), []
for side in [16, 24, 32, 48, 64]:
    x = rng.standard_normal((1, side, side, 64)).astype("float32")
    flat = x.reshape(1, -1, 64)
    calls = [(full, flat), (swin, x), (cross, latents, flat)]
    timed.append([milliseconds(*call) for call in calls])
print(np.round(timed, 1))

# %% [markdown]
# A row for each size; the columns are milliseconds for all with all, windows, and latents. As
# curves:

# %% tags=["nbval-ignore-output"]
_, ax = pyplot.subplots(figsize=(6.5, 3), layout="constrained")
names = ["every pixel with every pixel", "windows of 8 × 8", "32 latents look (with MLP)"]
for values, name, (style, colour) in zip(np.transpose(timed), names, [styles[0], *styles[2:]]):
    ax.loglog([256, 576, 1024, 2304, 4096], values, style, color=colour, label=name)
ax.set(xlabel="pixels, each a token of 64 numbers", ylabel="milliseconds")
ax.set_xticks([256, 576, 1024, 2304, 4096], ["256", "576", "1,024", "2,304", "4,096"])
ax.minorticks_off()
ax.yaxis.set_major_locator(pyplot.LogLocator(subs=(1, 2, 5)))
ax.yaxis.set_major_formatter("{x:g}")
ax.legend(frameon=False)
plots.show("Measured milliseconds against the number of pixels: a line for full attention, one for "
           "windows, one for latents.")

# %% [markdown]
# The clock agrees for full attention, from 1,024 pixels on. To 4,096 there are four times as many
# pixels. It took us six to nine times as long, since its products grow by sixteen and its
# projections by four. The other two climb far less than on paper. What you see there, and all over
# the left end, is mostly *overhead*: what a call costs before it computes anything. A clock agrees
# with the paper only where there is enough to do.

# %% [markdown]
# ### Quick question
#
# What if you take 1,024 latents for 1,024 pixels?
#
# <details><summary>A: it is cheaper than attention among the pixels</summary>No: the look alone
# already has 1,024 · 1,024 weights.</details>
# <details><summary>B: it costs at least as much, and the bottleneck is gone</summary>Yes. N · L is
# N² again. Then there is no reason left to have latents.</details>
# <details><summary>C: it does not run: there must be fewer latents than tokens</summary>It runs.
# Nothing in the formulas asks for L < N.</details>

# %% [markdown]
# ## Another kind of data
#
# Nothing in `reader` knows about pictures. So here is something that is none: **points in space**,
# as a laser scanner sees them. Five solids, each given by 128 random points of its surface, turned
# at random, with a little noise. There is no grid, and no order. A convolution would not know where
# to begin.


# %%
SOLIDS = ["sphere", "box", "cylinder", "cone", "ring"]


def surface(solid, n=128):
    """Random points (n, 3) on the surface of a solid that stands upright."""
    if solid == "box":
        points = rng.uniform(-0.75, 0.75, (n, 3))
        points[np.arange(n), rng.integers(0, 3, n)] = rng.choice([-0.75, 0.75], n)
        return points
    angle, height = rng.uniform(0, 2 * np.pi, n), rng.uniform(-1, 1, n)
    radius = {"sphere": np.sqrt(1 - height**2), "cylinder": 0.8, "cone": 0.45 * (1 - height)}
    if solid == "ring":
        tube = rng.uniform(0, 2 * np.pi, n)
        radius, height = {"ring": 0.75 + 0.25 * np.cos(tube)}, 0.25 * np.sin(tube)
    radius = radius[solid]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=-1)


# %% [markdown]
# One of each, standing upright:

# %%
_, axes = pyplot.subplots(
    1, 5, figsize=(9, 2), layout="constrained", subplot_kw={"projection": "3d"}
)
for ax, solid in zip(axes, SOLIDS):
    ax.scatter(*surface(solid).T, s=3, color=plots.BLUE)
    ax.set(title=solid, xticks=[], yticks=[], zticks=[], aspect="equal")
    ax.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
plots.show("Five clouds of points: a sphere, a box, a cylinder, a cone and a ring.")

# %% [markdown]
# A token is a point: the Fourier features of its three coordinates, $3 \cdot (2 \cdot 4 + 1) = 27$
# numbers. There is no colour this time: the place is all there is.


# %%
def clouds(count):
    """-> tokens (count, 128, 27) of solids turned and scaled at random, and which ones they are."""
    labels = rng.integers(0, 5, count)
    tokens = np.empty((count, 128, 27), "float32")
    for number, label in enumerate(labels):
        turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
        points = surface(SOLIDS[label]) @ turn * rng.uniform(0.5, 0.8)
        points += 0.03 * rng.standard_normal(points.shape)
        angles = np.pi * points[:, :, None] * np.linspace(1, 8, 4)  # as in fourier_features
        waves = angles.reshape(128, 12)
        tokens[number] = np.concatenate([points, np.sin(waves), np.cos(waves)], axis=-1)
    return tokens, labels


cloud_tokens, cloud_labels = clouds(4_000)
new_tokens, new_labels = clouds(500)
print(cloud_tokens.shape, np.bincount(cloud_labels))

# %% [markdown]
# ### How many latents?
#
# The same `reader`, with 27 numbers a token and 5 classes, and with 1, 8 or 64 latents. **Predict**
# how much the bottleneck hurts, and what it saves.

# %% tags=["nbval-ignore-output"]
counts, found, spent = [1, 8, 64], [], []
for num_latents in counts:
    keras.utils.set_random_seed(6)
    model, _ = reader(width=27, num_latents=num_latents, num_classes=5)
    start = clock()
    train_classifier(model, cloud_tokens, cloud_labels, epochs=2, peak=0.005, batch_size=32)
    spent.append(clock() - start)
    found.append(right_answers(new_tokens, new_labels, model))
_, axes = pyplot.subplots(1, 2, figsize=(7, 2.7), layout="constrained")
plots.bars(found, counts, title="right answers (chance: 0.20)", ax=axes[0])
plots.bars(spent, counts, title="seconds of training", ax=axes[1])
for ax in axes:
    ax.set_xlabel("latents")
plots.show(
    "Bars for 1, 8 and 64 latents: right answers on the left, seconds of training on the right."
)

# %% [markdown]
# The same `reader` that found left and right on pictures tells solids apart in space, about two
# of three. One latent alone has to hold a whole solid in 32 numbers, and does worst. More do
# better: by how much, and where it ends, differs from seed to seed.
#
# Sixty-four times the latents cost only 1.4 to 2 times the seconds. On paper your
# `perceiver_cost` grows 95 times; with projections and MLPs, which it leaves out, the work grows
# about eight times. But at these sizes most of a step is the price of calling many small layers.
#
# Sounds, films, tables, text: whatever you can write as tokens with places fits. That is the
# Perceiver's promise.

# %% [markdown]
# ### Eight equal latents
#
# The first latents are drawn at random. Why not begin with zeros, or with eight times the same
# vector? **Predict** what training makes of eight equal latents, in 40 steps:

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(6)
equal, _ = reader(width=27, num_latents=8, num_classes=5)
latents = next(layer for layer in equal.layers if "learned" in layer.name).array  # (L, D)
first = np.repeat(ops.convert_to_numpy(latents)[:1], 8, axis=0)
latents.assign(first)
some = slice(0, 1_280)
train_classifier(equal, cloud_tokens[some], cloud_labels[some], epochs=1, peak=0.005, batch_size=32)
now = ops.convert_to_numpy(latents)
print(f"moved by training: up to {np.abs(now - first).max():.3f}")
print(f"largest difference between two latents: {np.ptp(now, axis=0).max():.5f}")

# %% [markdown]
# They learn, and stay equal for ever. Equal latents ask the same question, get the same answer, and
# receive the same gradient: nothing in attention can tell them apart. Eight equal latents are one
# latent, at eight times the price. That is why the first ones are drawn at random. (It is
# permutation equivariance once more: what treats all rows alike cannot make them differ.)

# %% [markdown]
# ## It writes, too
#
# So far the answer was a class. *Perceiver IO* turns the look round once more. What you want to
# know asks, and the **latents answer**:
#
# ```python
# written = cross_attend(questions, latents, params)   # (B, questions, D)
# ```
#
# One question for each number that you want, and as many as you like. Let us try it on a made-up
# sequence: a sum of three waves. The model hears it at 32 random times, with noise. Then it is
# asked for other times. A question is nothing but the Fourier features of its time.


# %%
def heights(times, waves):
    """The height of sequences (B, waves) at times (B, N)."""
    turns, phases, sizes = (wave[:, None] for wave in waves)
    return (sizes * np.sin(np.pi * turns * times[..., None] + phases)).sum(axis=-1)


def of_times(times):
    """Fourier features (B, N, 13) of times (B, N)."""
    flat = positions.fourier_features(times.reshape(-1, 1), 6, 12)
    return ops.convert_to_numpy(flat).reshape(*times.shape, 13)


def sequences(count):
    """-> tokens heard (count, 32, 14), and the waves that they are made of."""
    limits = [(0.5, 3), (0, 2 * np.pi), (0.2, 0.6)]  # of turns, phases, sizes
    waves = [rng.uniform(low, high, (count, 3)) for low, high in limits]
    times = rng.uniform(-1, 1, (count, 32))
    heard = heights(times, waves) + 0.1 * rng.standard_normal(times.shape)
    return np.concatenate([heard[..., None], of_times(times)], -1).astype("float32"), waves


# %% [markdown]
# The model is `reader` up to the latents. Behind them stands one more cross-attention, in place of
# the mean:


# %%
def writer(width, asked, num_latents=16, dim=32, iterations=2):
    """A Perceiver from tokens (B, N, width) and questions (B, M, asked) to numbers (B, M, 1)."""
    data, questions = keras.Input((None, width)), keras.Input((None, asked))
    look = perceiver.CrossAttentionBlock(dim, 2, dim, inner_dim=dim)  # features, heads, MLP; d
    think = TransformerBlock(dim, 2, 2 * dim)
    write = perceiver.CrossAttentionBlock(dim, 2, dim)
    latents = perceiver.LearnedArray(num_latents, dim)(data)
    latents = perceiver.perceive(latents, data, look, think, iterations)
    written = write(layers.Dense(dim)(questions), latents)  # the questions ask, the latents answer
    return keras.Model([data, questions], layers.Dense(1)(written))


# %% [markdown]
# Four passes over 4,000 sequences, with 32 questions each, a quarter of a minute. Then it is asked
# something new: 200 times in a row, for sequences that it has never heard. **Predict** what it
# draws between the dots, and where there are none.

# %% tags=["nbval-ignore-output"]
from course_utils.training.schedules import WarmupCosine

heard, waves = sequences(4_000)
wanted = rng.uniform(-1, 1, (4_000, 32))
keras.utils.set_random_seed(6)
melody = writer(width=14, asked=13)
melody.compile(keras.optimizers.Adam(WarmupCosine(0.005, 50, 500), global_clipnorm=1.0), "mse")
pairs = [heard, of_times(wanted)], heights(wanted, waves)[..., None]
melody.fit(*pairs, batch_size=32, epochs=4, verbose=0)

new_heard, new_waves = sequences(400)
line = np.tile(np.linspace(-1, 1, 200), (400, 1))
truth = heights(line, new_waves)
written = np.asarray(melody([new_heard, of_times(line)]))[..., 0]
error, size = np.std(written - truth), np.std(truth)
print(f"off by {error:.2f}, where heights differ by {size:.2f} and the noise is 0.10")

# %% [markdown]
# It is off by not much more than the noise in a single dot. Three of the sequences:

# %% tags=["nbval-ignore-output"]
_, axes = pyplot.subplots(1, 3, figsize=(10, 2.4), layout="constrained", sharey=True)
for number, ax in enumerate(axes):
    ax.plot(line[0], truth[number], color=plots.GREY, linewidth=4, alpha=0.5, label="the truth")
    ax.plot(line[0], written[number], color=plots.BLUE, label="written")
    ax.plot(*new_heard[number, :, 1::-1].T, "o", color="black", markersize=3, label="heard")
    ax.set(xlabel="time")
axes[0].set_ylabel("height")
axes[0].legend(frameon=False, fontsize="small")
plots.show("Three sequences: the noisy dots that were heard, the true curve, and the curve that "
           "the model writes.")

# %% [markdown]
# Mostly it stays close to the truth, but it rounds off peaks, even among dots. Where there are none
# for a while, it draws a smooth guess, and that may be off.
#
# It was trained with 32 questions and asked 200. Neither number is anywhere in the model: the
# tokens are read by latents, the latents are read by questions, and in between stand 16 vectors.
#
# With a question for each pixel it writes a picture, with one for each word a text, with a single
# one a class: that is how the published classifiers end. Reading and writing cost $N L + M L$, for
# $N$ tokens and $M$ questions.

# %% [markdown]
# ## The race
#
# What does it cost, to assume nothing? Four models, the same 4,000 pictures, the same seconds of
# the processor. The task is `count`: how many shapes are there, one to five? Chance is 20 %.
#
# - a residual **CNN**, as in notebook 4
# - a **ViT** with patches of 4
# - a **Swin** with patches of 4 and windows of 4
# - our `reader`, a **Perceiver**, with the same patches, the features of their places beside them,
#   and 16 latents: single pixels would do, but take longer
#
# On a GPU (`FAST = False`) it is CIFAR-100, ten minutes each, with larger models: what we say
# below is about the fast path. Now **predict** the order.

# %%
from course_utils.reference.cnn import CNNConfig
from course_utils.reference.learning import learning_rate
from course_utils.reference.swin_transformer import SwinConfig
from course_utils.reference.vision_transformer import Patchify, ViTConfig
from course_utils.training import models, recipes

if FAST:
    race_data, budget = load("scenes", task="count", size=4_000), 15
    race_sizes = {
        "CNN": CNNConfig(32, widths=(16, 32, 64), blocks=(1, 1, 1), num_classes=5),
        "ViT": ViTConfig(32, 4, 64, 3, 4, 128, 5, positions="sinusoids", pooling="mean"),
        "Swin": SwinConfig(32, 4, 4, 32, depths=(2, 2), num_heads=(2, 4), mlp_ratio=2.0),
        "Perceiver": {"num_latents": 16},
    }
else:
    race_data, budget = load("cifar100"), 600
    race_sizes = {k: recipes.find(k.lower(), "course").config for k in ["CNN", "ViT", "Swin"]}
    race_sizes["Perceiver"] = {"num_latents": 64, "dim": 128, "iterations": 4}
print(len(race_data.train.labels), "pictures,", len(race_data.class_names), "classes,", budget, "s")


# %% [markdown]
# What builds them. The first three are the course's own; the Perceiver is `reader`, behind
# patches and the features of their places:


# %%
def contestant(name):
    """Build one of the four for the pictures of the race."""
    keras.utils.set_random_seed(6)
    if name != "Perceiver":
        return models.build(models.for_data(race_sizes[name], race_data))
    images = keras.Input((32, 32, 3))
    patches = layers.Reshape((8, 8, 48))(Patchify(4)(images))  # a picture of 8 × 8 patches
    tokens = positions.FourierPixels(4, 8)(patches)  # (B, 64, 66)
    classes = len(race_data.class_names)
    body, _ = reader(tokens.shape[-1], num_classes=classes, **race_sizes[name])
    return keras.Model(images, body(tokens), name="perceiver")


print({name: f"{contestant(name).count_params():,}" for name in race_sizes})

# %% [markdown]
# Same seconds, not same steps: a model that is quick may see more pictures. So a clock decides. It
# sets the learning rate (the warm-up and cosine of notebook 4, over time in place of steps), and
# ends the training. The first step, in which Keras compiles the model, does not count. The seconds
# are the processor's (without a GPU): two busy cores spend two in one second of yours.
#
# And a fair account of **memory**: four numbers for each weight (itself, its gradient, and Adam's
# two averages), and for each of the 32 pictures of a batch the outputs of all layers, attention
# weights too, since the gradient needs them. `step_memory` counts that.

# %%
from course_utils.training.memory import step_memory

race_images, race_answers = scale(race_data.train.images), race_data.train.labels
race_test, results, trained_models = scale(race_data.test.images), {}, {}


def ticking_steps(model, peak):
    """Train for `budget` seconds -> seconds, steps, and accuracies on the way."""
    used, start, right, curve = 0.0, None, [], []
    while used < budget:
        model.optimizer.learning_rate = learning_rate(used, peak, budget / 10, budget)
        batch = rng.integers(0, len(race_images), 32)
        logs = model.train_on_batch(race_images[batch], race_answers[batch], return_dict=True)
        right.append(float(logs["accuracy"]))  # of this batch
        start = start or clock()  # after the first step
        used = clock() - start
        if len(right) % 25 == 0:
            curve.append((used, np.mean(right[-25:])))
    return used, len(right), curve


# %% [markdown]
# A contestant trains, is tested, and goes into the table:


# %%
def compete(name, peak):
    """Train one of the four for its time, and note what came of it."""
    model = contestant(name)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(peak, global_clipnorm=1.0), loss, metrics=["accuracy"])
    used, steps, curve = ticking_steps(model, peak)
    share = right_answers(race_test, race_data.test.labels, model)
    memory = step_memory(model, race_images, 32) / 1e6
    results[name] = share, used, model.count_params(), memory, 32 * steps, curve
    trained_models[name] = model
    return f"{name}: {share:.1%} after {32 * steps:,} pictures"


# %% tags=["nbval-ignore-output"]
compete("CNN", peak=0.003)

# %% tags=["nbval-ignore-output"]
compete("ViT", peak=0.002)

# %% tags=["nbval-ignore-output"]
compete("Swin", peak=0.002)

# %% tags=["nbval-ignore-output"]
compete("Perceiver", peak=0.004)

# %% [markdown]
# One table, one picture:

# %% tags=["nbval-ignore-output"]
print(f"{'':10} right answers  seconds  numbers to learn  memory, MB  pictures seen")
for name, (share, used, numbers, memory, seen, _) in results.items():
    print(f"{name:10} {share:13.1%} {used:8.1f} {numbers:17,} {memory:11.1f} {seen:14,}")

# %% tags=["nbval-ignore-output"]
_, ax = pyplot.subplots(figsize=(8.5, 3.4), layout="constrained")
for (name, (share, *_, curve)), (style, colour) in zip(results.items(), styles):
    label = f"{name}: {share:.0%} in the test"
    ax.plot(*np.transpose(curve), style, color=colour, markersize=4, label=label)
ax.axhline(1 / len(race_data.class_names), color=plots.GREY, linewidth=1, label="chance")
ax.set(xlabel="seconds", ylabel="right answers in training", ylim=(0, 1))
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plots.show(
    "Right answers in training against seconds, a line for each of the four; the legend has their "
    "right answers in the test."
)

# %% [markdown]
# The CNN wins, clearly, and Swin comes second. We ran it eight times, on one core and on two, on an
# idle machine and on a busy one. That order held, the sizes did not: the CNN had 83 to 89 %, and
# Swin 59 to 75 %. ViT and the Perceiver, 38 to 54 %, are mostly close. A quicker processor
# takes more steps in its seconds: on one the CNN came to 100 %.
#
# Look at what each knows *before* it has seen anything. A convolution knows that neighbours belong
# together, and that a shape is a shape wherever it lies. Swin knows both, as far as its windows
# reach. ViT and the Perceiver know them only inside a patch.

# %% [markdown]
# Counting shapes is about neighbours, and 4,000 pictures in a quarter of a minute are no time to
# learn what a neighbour is.
#
# ### Better in the test than in training?
#
# Mostly the CNN's curve ends lower than its test. That is odd: the others do *worse* on
# pictures they have not seen. The reason is in its batch norms. In training they use the mean and
# the spread of *this batch*, in the test those of all batches so far. **Predict**: the same trained
# weights, the same training pictures. What happens to the right answers with batches of 8?

# %% tags=["nbval-ignore-output"]
pictures, correct = race_images[:1_600], race_answers[:1_600]
for size, training in [(8, True), (32, True), (400, True), (400, False)]:
    cuts = [pictures[start : start + size] for start in range(0, 1_600, size)]
    scores = [np.asarray(trained_models["CNN"](cut, training=training)) for cut in cuts]
    share = (np.concatenate(scores).argmax(-1) == correct).mean()
    print(f"batches of {size:3}, {'as in training' if training else 'as in the test'}: {share:.0%}")

# %% [markdown]
# The smaller the batch, the worse. How bright a channel of this picture is, *beside the others in
# its batch*, depends on how many shapes the others have. That is noise for whoever counts. In the
# test there is none of it. A layer norm looks at one token alone: with it, a picture's answer never
# hangs on its neighbours in the batch.

# %% [markdown]
# Now look at the other columns of the table. In its time the Perceiver sees two to a little over
# three times as many pictures as the CNN, with a third of its numbers and a fifth of its memory.
# And with a quarter of ViT's numbers its sixteen latents do what ViT does with 64 tokens.

# %% [markdown]
# It depends on the question. We ran this race on *left or right*, too. The Perceiver, the CNN and
# the ViT came to 100 %. Swin, the second best at counting, came to 52 % with one seed and to 65 %
# with another, little better than guessing. There places matter. ViT and the Perceiver have them
# written on every token; Swin knows only how far apart two tokens of one window are. The CNN is
# told no places at all, but its last kernels reach far enough to see both shapes at once. Try it:
# `task="side"`.

# %% [markdown]
# And it depends on how much there is to learn from. On the 1.3 million pictures of ImageNet the
# Perceiver did about as well as ViT and a ResNet-50, say its authors (in the paper's abstract).
# What you know beforehand is worth a lot when data are few, and less and less when they are many.
# That trade is the story of this whole course.

# %% [markdown]
# ## In your own words
#
# *About 15 minutes. A person reads this one, not a check. 3 points.*
#
# A hospital has X-ray pictures, recordings of breathing, and lists of laboratory values, from
# 3,000 patients. "We want one model for all of it. A Perceiver reads anything." What do you advise?
# Six to ten sentences.
#
# - 1 point: what is true about the claim, and why (what would a token be, for each of the three?)
# - 1 point: what it may cost them, with a measurement from this notebook
# - 1 point: what you would do first, and what you would measure to decide

# %% [markdown] nbgrader={"grade": true, "grade_id": "modalities_answer", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# The claim is true in this sense: cross-attention takes any set of tokens, so whatever can be
# written as tokens with a place can be read, and the cost grows only linearly with their number. A
# token would be a pixel or small patch with Fourier features of row and column, a short piece of
# sound with features of its time, and a laboratory value with a learned code for which value it is.
# But such a model assumes nothing, and has to learn from the data what a neighbour is. In our race,
# with 4,000 pictures, it counted about half of the scenes rightly where a small CNN managed more
# than eight of ten, and 3,000 patients are fewer. All must pass through the latents, too: with one
# latent it told solids apart less well than with 64. I would first train a simple model for each
# kind of data alone, and write down chance and the share of the most frequent class. Then I would
# train a Perceiver on all three with the same budget, on the same patients kept apart for the test,
# and with each of the three left out in turn, to see whether putting them together brings anything.
# Weights trained on much other data would be worth more to it than to the CNN.
#
# *Rubric: one point for each of the three lines in the question; half a point where the right idea
# has no measurement.*

# %% [markdown]
# ## What you have now
#
# | idea | function | shape of the result |
# |---|---|---|
# | a few ask, many answer | `cross_attend` | $(B, L, D)$ |
# | a layer in the right order | `keras_attention` | $(B, N_q, d_v)$ |
# | a place as waves | `fourier_features` | $(N, k \cdot (2 \cdot \text{bands} + 1))$ |
# | look, think, look again | `perceive` | $(B, L, D)$ |
# | what sharing saves | `count_perceiver_parameters` | a number |
# | the whole model | `perceiver_logits` | $(B, K)$ |
# | what looking costs | `perceiver_cost` | a number |

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## The whole course, once more
#
# | notebook | the idea | in one sentence |
# |---|---|---|
# | 1 | attention | a weighted mean whose weights come from the data |
# | 2 | heads | several looks at once, each at a part of the features |
# | 3 | positions | attention sees a bag, so write its place on every token |
# | 4 | ViT | patches are words; given enough data, that is enough |
# | 5 | Swin | look at your neighbours, then move the windows, then zoom out |
# | 6 | Perceiver | let a few vectors ask, and anything can answer |

# %% [markdown]
# Each idea repairs something in the one before, and pays for it. Attention treats all tokens
# alike: so it needs positions. All with all is dear: so there are windows, which assume a grid, and
# latents, which are a bottleneck. None of them is *the* best. You have built all six, you have seen
# each of them fail, and you know what to measure when somebody says that theirs is.

# %% [markdown]
# ## What we left out
#
# **Perceiver IO** writes text, the motion in a film, the moves of a game: you have seen how. The
# course's `perceiver` can end like it (`pooling="decoder"`), and reads published weights.
#
# The first paper has more experiments. It shuffles the pixels of all photos for good, in one fixed
# order: a Perceiver does not mind. And it lets one model hear and see a film at once.
#
# Today the idea lives on in language models that look at pictures. A few latents read the picture,
# and the language model reads the latents.

# %% [markdown]
# ## To read on
#
# - A. Jaegle and others, *Perceiver: General Perception with Iterative Attention*, 2021: this
#   notebook, with ImageNet, sounds and point clouds.
# - A. Jaegle and others, *Perceiver IO*, 2022.
# - M. Tancik and others, *Fourier Features Let Networks Learn High Frequency Functions*, 2020.
# - J. Lee and others, *Set Transformer*, 2019: latents that read sets, two years before.
# - J.-B. Alayrac and others, *Flamingo*, 2022: latents between pictures and a language model.
