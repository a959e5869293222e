# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3 · Positional encoding: where am I?
#
# **You will**
#
# - watch a model fail at *left or right*, and cure it by adding one array
# - find out why counting is a poor way to write a place, and build the sinusoids that replaced it
# - move every position with one matrix, and put that matrix into attention
# - stretch learned positions to a larger picture, and measure what survives
#
# **You need** notebooks 1 and 2.
#
# **Time**: two to three hours for you; the machine needs about three minutes, without a GPU.

# %%
import numpy as np

from matplotlib import pyplot

from course_utils import plots
from course_utils.exercises import check, hint, progress
from course_utils.reference import positional_encoding as positions
from course_utils.reference.attention import attend
from course_utils.reference.multi_head_attention import MultiHeadAttention, merge_heads, split_heads
from course_utils.training.data import load
from course_utils.training.images import scale
from course_utils.training.trained import load_trained

import keras
from keras import layers, ops

keras.utils.set_random_seed(3)
rng = np.random.default_rng(3)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## Letters we use
#
# | letter | meaning |
# |---|---|
# | $B$, $N$, $D$ | sequences (or images) in a batch; tokens; features of a token |
# | $p$ | the position of a token, counted from 0 |
# | $i$ | the number of a *pair* of features, from 0 to $D/2 - 1$ |
# | $H$, $W$ | rows and columns of a grid of patches: $N = H \cdot W$ tokens, row by row |
#
# The course's own versions of what you build here are in `positions`.

# %% [markdown]
# ## A question of place
#
# Notebook 1 ended with a warning: to attention, a photo is a bag of patches. Let us make that
# hurt.
#
# `scenes` are small pictures that the course draws itself, so they need no network. In the task
# *side* each shows a red and a blue shape, and the question is: is the red one **left** or
# **right** of the blue one? A child can do it.

# %%
scenes = load("scenes", task="side", size=4_000)
images, labels = scenes.train
print("images", images.shape, images.dtype, " answers", scenes.class_names)

_, axes = pyplot.subplots(1, 6, figsize=(9, 1.9), layout="constrained")
for ax, image, label in zip(axes, images, labels):
    ax.imshow(image)
    ax.set(title=scenes.class_names[label], xticks=[], yticks=[])
plots.show("Six small pictures, each with a red and a blue textured shape, titled left or right.")

# %% [markdown]
# A token is a patch of $4 \times 4$ pixels: a grid of $8 \times 8$ tokens, each with $4 \cdot 4
# \cdot 3 = 48$ numbers. (How to cut patches neatly is notebook 4's first exercise. Here one line
# does it.)
#
# The model is that of notebook 2 with a mean at the end: a Dense layer, two attention layers
# whose results are added to what was there, the mean over all tokens, and a last Dense layer.
# Between the first layer and the second there is a place for whatever tells tokens where they
# are.


# %%
def to_tokens(images, patch=4):
    """images (B, H·P, W·P, 3), 0 to 255 -> tokens (B, H·W, P·P·3), -1 to 1."""
    batch, height, width, _ = images.shape
    cut = images.reshape(batch, height // patch, patch, width // patch, patch, 3)
    patches = cut.transpose(0, 1, 3, 2, 4, 5)  # (B, H, W, P, P, 3)
    return scale(patches.reshape(batch, -1, patch * patch * 3))


print(to_tokens(images[:2]).shape)

# %% [markdown]
# And the model:


# %%
def build(add_places):
    """A model from tokens (B, 64, 48) to two scores. add_places: tokens -> tokens, or None."""
    tokens = keras.Input((64, 48))
    x = layers.Dense(48, name="embed")(tokens)
    x = add_places(x) if add_places else x
    for number in range(2):
        x = x + MultiHeadAttention(48, 4, name=f"attention_{number}")(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(2, name="head")(x))


train_tokens, test_tokens = to_tokens(images), to_tokens(scenes.test.images)
print(train_tokens.shape, "->", build(None)(train_tokens[:2]).shape)

# %% [markdown]
# Train it without any places first. **Predict** its accuracy on new pictures. Four passes over
# 4,000 pictures take some ten seconds. The loss of each pass is printed: whoever throws a coin has
# $\ln 2 \approx 0.69$.


# %% tags=["nbval-ignore-output"]
def train(add_places):
    """-> the trained model, and its share of right answers on new pictures."""
    keras.utils.set_random_seed(3)
    model = build(add_places)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.002), loss, metrics=["accuracy"])
    losses = model.fit(train_tokens, labels, batch_size=64, epochs=4, verbose=0).history["loss"]
    print("loss, pass by pass:", *(f"{loss:.2f}" for loss in losses))
    return model, model.evaluate(test_tokens, scenes.test.labels, batch_size=100, verbose=0)[1]


bag_model, bag_accuracy = train(None)
print(f"right answers without places: {bag_accuracy:.1%}")

# %% [markdown]
# Chance. Would more training help? Take a picture with the shapes in different halves, and let the
# halves change places. Red and blue change sides, so the right answer changes. **Predict** what the
# model says of the two.

# %%
picture = scenes.test.images[18]
twin = np.roll(picture, 16, axis=1)  # the right half comes first
_, axes = pyplot.subplots(1, 2, figsize=(3.6, 2.1), layout="constrained")
for ax, image, title in zip(axes, [picture, twin], ["as it was drawn", "halves exchanged"]):
    ax.imshow(image)
    ax.set(title=title, xticks=[], yticks=[])
scores = ops.convert_to_numpy(bag_model(to_tokens(np.stack([picture, twin]))))
print("scores differ by more than 1e-5:", np.abs(scores[0] - scores[1]).max() > 1e-5)
plots.show("A red shape at the left and a blue one at the right; and the same picture with its "
           "halves exchanged, blue at the left.")

# %% [markdown]
# The same scores, so one of the two answers is wrong. It cannot be otherwise: attention treats all
# tokens alike, the mean forgets their order, and both pictures have the same *bag* of patches.
#
# **Every** picture of this task has such a twin: exchange the two shapes' *columns*. Each moves
# sideways by 8 or 16 pixels, and the background repeats every 8. So the same patches come back,
# reordered: a picture just as likely, with the other answer. Whatever a model of bags learns,
# in the long run it is wrong half the time. (Tested on 400 pictures, hence not exactly 50 %.)
#
# So we have to *tell* each token where it is. How do you write a place?

# %% [markdown]
# ## First idea: count
#
# Number the tokens 1, 2, 3, … and add the number to each token's features. Or, since pictures
# come in all sizes, spread the numbers evenly from 0 to 1. Both are easy to write, so write them.
# Then we look at what they do.

# %% [markdown]
# ## Exercise: `linear_positions`
#
# *About 5 minutes, difficulty 1 of 3.*
#
# Write `linear_positions(length, normalize=False)`: an array $(N,)$ with 1, 2, … $N$, or, with
# `normalize=True`, $N$ evenly spaced numbers of which the first is 0 and the last is 1.
#
# Example: `linear_positions(3)` is `[1, 2, 3]`, and `linear_positions(3, normalize=True)` is
# `[0, 0.5, 1]`. A single token is at 0 when normalised.


# %% nbgrader={"grade": false, "grade_id": "linear_positions", "locked": false, "schema_version": 3, "solution": true, "task": false}
def linear_positions(length, normalize=False):
    """length N -> an array (N,): 1, 2, ... N, or evenly from 0 to 1."""
    ### BEGIN SOLUTION
    if normalize:
        return np.linspace(0, 1, length, dtype="float32")
    return np.arange(1, length + 1, dtype="float32")
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "linear_positions_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("linear_positions", linear_positions)

# %% [markdown]
# ### What is wrong with counting
#
# Take two tokens with *unrelated* contents (16 random features of spread 1), put both at the same
# place $p$, and ask how alike they are afterwards: the **cosine similarity**, the dot product of
# both divided by their lengths. 1 means same direction, 0 means nothing in common. For attention,
# similar is what scores high. **Predict** the curve for the numbers from 1 to 200.

# %%
first, second = rng.standard_normal((2, 500, 1, 16))  # 500 pairs of tokens with 16 features
counted = np.array(positions.linear_positions(200))[:, None]  # (200, 1): the same for all features
sinusoids = np.array(positions.sinusoidal_encoding(200, 16))  # (200, 16), explained below


def cosine(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


_, axes = pyplot.subplots(figsize=(5.5, 2.6), layout="constrained")
for name, code in [("numbers 1, 2, 3 …", counted), ("what comes below", sinusoids)]:
    axes.plot(range(1, 201), cosine(first + code, second + code).mean(axis=0), label=name)
axes.set(xlabel="number of the token", ylabel="similarity", ylim=(0, 1.05))
axes.legend(frameon=False)
plots.show("Two curves of the similarity of two unrelated tokens, over the numbers 1 to 200: one "
           "for counting, one for the code that is built below.")

# %% [markdown]
# From number 3 on, two tokens that have nothing in common are more than 0.9 alike: their content
# drowns. At place 200 they look like one and the same thing, whatever they show. The other curve
# stays near a third, at every place. A place should speak, but not shout.

# %% [markdown]
# Then normalise: nothing is larger than 1 now. But look at one **step**, from a token to the
# next:

# %%
for length in [5, 10, 50, 200]:
    step = np.diff(np.array(positions.linear_positions(length, normalize=True)))[0]
    print(f"{length:4} tokens: one step is {step:.4f}")

# %% [markdown]
# "The next token" is a different distance in every sequence. A model that has learned "look 0.11
# to the left" on ten tokens lands on the *second* neighbour when there are nineteen. And at 200
# tokens a step is so small that neighbours are hard to tell apart.
#
# What we want from a code for places:
#
# - every place has its own, and no code is larger than another
# - one step is the same step everywhere, in a sequence of any length
# - near places get similar codes

# %% [markdown]
# ## Second idea: write the number down
#
# A number in binary is a row of bits. Bits are small (0 or 1), each number has its own pattern,
# and there is no limit: four bits count to 15, ten to 1,023. Watch the columns:

# %%
counter = (np.arange(16)[:, None] >> np.arange(4)) & 1  # (16, 4): lowest bit first
_, axes = pyplot.subplots(1, 2, figsize=(7.5, 3.6), layout="constrained", width_ratios=[1, 1.6])
plots.heatmap(counter, title="binary", row_label="position", column_label="bit", ax=axes[0])
plots.heatmap(
    sinusoids[:16, :8], title="sinusoids", row_label="position", column_label="feature",
    numbers=False, ax=axes[1],
)  # fmt: skip
plots.show("Bits of 0 to 15: the first changes at every step, the next at every second one, then "
           "every fourth. Beside it sinusoids: fast waves at the left, slow ones at the right.")

# %% [markdown]
# The first bit flips at every step, the next at every second, then every fourth, every eighth:
# each column is a **wave**, twice as long as the one before. Only one thing is ugly. From 7
# (`1110`, lowest bit first) to 8 (`0001`) *all four* bits change: neighbours can be as different
# as can be.
#
# On the right, the cure: the same idea with smooth waves. A sine instead of a flip, and beside it
# a cosine, since one sine alone has the same value twice in every turn.

# %% [markdown]
# ## Sinusoids
#
# For position $p$ and pair $i$ of $D$ features, the encoding has
#
# $$\text{PE}(p, 2i) = \sin\!\left(\frac{p}{10000^{2i/D}}\right), \qquad
#   \text{PE}(p, 2i + 1) = \cos\!\left(\frac{p}{10000^{2i/D}}\right)$$
#
# Column $2i$ and column $2i + 1$ are one **pair**: a sine and a cosine of the same angle. The
# angle grows by $1 / 10000^{2i/D}$ with each position: this is the pair's **frequency**. Pair 0
# turns once in $2\pi \approx 6.3$ positions, pair 1 more slowly. The *wavelengths* grow by the
# same factor from pair to pair, as the bits' did by 2.
#
# By hand, for $D = 4$ and $p = 1$: the angles are $1$ and $1/100$, so the row is
# $(\sin 1, \cos 1, \sin 0.01, \cos 0.01) = (0.84, 0.54, 0.01, 1.00)$.

# %%
table = np.array(positions.sinusoidal_encoding(100, 64))  # (N, D)
_, axes = pyplot.subplots(1, 2, figsize=(9, 3), layout="constrained")
plots.heatmap(table, title="100 positions, 64 features", ax=axes[0],
              row_label="position", column_label="feature")
axes[1].semilogy(positions.wavelengths(64), "o", markersize=3)
axes[1].set(xlabel="pair", ylabel="positions for one turn", title="wavelengths")
plots.show("A table with ripples that get wider to the right; wavelengths on a straight line from "
           "6 to 47,000 on a logarithmic scale.")

# %% [markdown]
# The left columns ripple, the right half hardly moves in 100 positions. Each row is different, and
# no row is larger than another: each pair has $\sin^2 + \cos^2 = 1$.
#
# **Why 10000?** The paper does not say. The number sets the slowest wave. Here that takes 47,000
# positions for one turn, so even a very long sequence does not come round to the codes of its
# beginning. Short sequences pay the price: in this table 17 of the 32 pairs turn by less than a
# quarter in 100 positions. With 100 in place of 10000, the slowest wave has 544 positions, and only
# 3 pairs are as slow.

# %% [markdown]
# ### Try it
#
# Choose a **pair**, and a **length**. Predict first: at which pair does a sequence of 64
# positions see less than one whole turn? (On a printed page: pair 0 with 64 positions is shown.)
#
# <details><summary>Answer</summary>At pair 9: its wavelength is 84 positions; pair 8 has 63 and
# just completes a turn. (Here D = 64.)</details>

# %% tags=["nbval-ignore-output"]
plots.sinusoid_explorer(positions.sinusoidal_encoding(256, 64))

# %% [markdown]
# ## Exercise: `sinusoidal_encoding`
#
# *About 15 minutes, difficulty 2.*
#
# Write `sinusoidal_encoding(length, dim)`: an array $(N, D)$, even columns sine, odd columns
# cosine, positions from 0. With an odd `dim` there is a sine without its cosine: raise a
# `ValueError`.
#
# Mind the letters: $i$ counts **pairs**. Columns 2 and 3 are both pair 1, and share the angle
# $p / 10000^{2/D}$.


# %% nbgrader={"grade": false, "grade_id": "sinusoidal_encoding", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sinusoidal_encoding(length, dim):
    """length N, dim D -> (N, D), sine and cosine in turn; ValueError when D is odd."""
    ### BEGIN SOLUTION
    if dim % 2:
        raise ValueError(f"sines and cosines come in pairs, but dim is {dim}")
    pair = np.arange(dim // 2)  # (D/2,)
    angle = np.arange(length)[:, None] / 10000 ** (2 * pair / dim)  # (N, D/2)
    encoding = np.empty((length, dim), "float32")
    encoding[:, 0::2] = np.sin(angle)
    encoding[:, 1::2] = np.cos(angle)
    return encoding
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sinusoidal_encoding_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("sinusoidal_encoding", sinusoidal_encoding)

# %% [markdown]
# ## Adding it
#
# The encoding is **added** to the tokens, the same one to every sequence of the batch. Why not
# joined on as further features? That works too, but makes every token wider. With dozens of
# features there is room for both: a model can keep content and place in different directions.

# %% [markdown]
# ### Find the bug
#
# In a published layer, `self.encoding` has the shape $(1, 5000, D)$, and $x$ is $(B, N, D)$:
#
# ```python
# def call(self, x):
#     return x + self.encoding[:, :x.shape[0]]
# ```
#
# For which batches does it run? When does anybody notice?
#
# <details><summary>Answer</summary>x.shape[0] is the batch size, not the length. With B = N it is
# right by luck. With B = 1 every token gets the code of position 0, and nothing fails: the model
# is a bag of tokens, and only a task that needs order shows it. With N = 1 the result has B
# tokens. Otherwise there is an error. (The code was copied from a model whose tokens came as (N,
# B, D).)</details>

# %% [markdown]
# ## Exercise: `add_positions`
#
# *About 5 minutes, difficulty 1.*
#
# Write `add_positions(tokens, encoding)`: tokens $(B, N, D)$ and a table with **at least** $N$
# rows of $D$ features. Token $p$ of every sequence gets row $p$.


# %% nbgrader={"grade": false, "grade_id": "add_positions", "locked": false, "schema_version": 3, "solution": true, "task": false}
def add_positions(tokens, encoding):
    """tokens (B, N, D), encoding (N or more, D) -> (B, N, D)."""
    ### BEGIN SOLUTION
    return tokens + encoding[: tokens.shape[1]]  # (N, D) broadcasts over the batch
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "add_positions_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("add_positions", add_positions)

# %% [markdown]
# ## Distance is all that counts
#
# Now a small miracle. Compare all codes with all codes by dot products: the **Gram matrix**
# $G = E E^\top$, $(N, N)$. On the right are three of its rows, each drawn from its own position.

# %%
gram = table @ table.T  # (100, 100)
_, axes = pyplot.subplots(1, 2, figsize=(9, 3), layout="constrained")
plots.heatmap(gram, title="dot products", row_label="position", column_label="position", ax=axes[0])
for place, width, colour in [(20, 7, plots.PALE), (50, 4, plots.GREEN), (80, 1, "black")]:
    offset = np.arange(100) - place
    axes[1].plot(offset, gram[place], linewidth=width, color=colour, label=f"position {place}")
axes[1].set(xlabel="offset", ylabel="dot product")
axes[1].legend(frameon=False)
plots.show("Bands along the diagonal; and three curves, from three positions, that lie exactly on "
           "each other: highest at offset 0, falling to both sides.")

# %% [markdown]
# Each diagonal of the map has one colour. From wherever you look, the similarity depends on the
# **offset** alone: the three curves lie on each other. The reason is one line of trigonometry. For
# each pair, with the angles $a$ and $b$ of two positions $p$ and $q$,
#
# $$\sin a \sin b + \cos a \cos b = \cos(a - b)$$
#
# So the whole dot product is $\sum_i \cos\big((p - q) / 10000^{2i/D}\big)$: no $p$, no $q$, only
# their difference. And on the whole, near places are more alike than far ones, as we wished.

# %% [markdown]
# ### Left or right?
#
# Look at the curve once more. What does it say about *left or right*, the task we began with?
#
# <details><summary>Answer</summary>Nothing. The curve is its own mirror image, since cos(a − b) =
# cos(b − a): three to the left is as alike as three to the right. Dot products of codes alone
# cannot tell the two apart.</details>
#
# How, then, will a model with these codes tell left from right? Attention does not compare the
# codes as they are. It multiplies one by $W_q$ and the other by $W_k$ first. Below we find a $W_q$
# that looks to one side only.

# %% [markdown]
# ## Two dimensions
#
# A patch has a row and a column. The simplest way to write both: the first half of the features
# encodes the row, the second half the column. Tokens come row by row.

# %%
flat = np.array(positions.sinusoidal_encoding(12 * 16, 64))  # (192, 64): number of the token
square = np.array(positions.sinusoidal_encoding_2d(12, 16, 64))  # (192, 64): row and column
for ax in plots.similarity_maps(flat @ flat.T / 32, (12, 16), [(0, 0), (5, 8), (10, 3)]):
    ax.images[0].set_clim(0.2, 1)  # one scale for these maps and the next
plots.show("Similarity by token number: the whole row of the chosen place stands out up to its "
           "ends, but the place directly below is greyer than they are.")

# %%
for ax in plots.similarity_maps(square @ square.T / 32, (12, 16), [(0, 0), (5, 8), (10, 3)]):
    ax.images[0].set_clim(0.2, 1)
plots.show("Similarity by row and column: a bright cross with its centre at the place itself.")

# %% [markdown]
# In the first three maps the tokens were simply numbered from 0 to 191. From row 5, column 8, the
# whole row stands out, up to its ends (0.70 and 0.73); but the patch directly below is 16 numbers
# away, and less alike than they are (0.61). In the other three, row and column have codes of
# their own: the patch below is as alike as the one beside (0.98), and nearness goes in both
# directions. (It is a cross, not a disc: sharing a row alone is half of everything.) Both are
# divided by $D/2$, the squared length of a code, so 1 means the same.

# %% [markdown]
# **Click on a place** in the map below, or walk with the arrow keys. What moves with you, and
# what stays?
#
# <details><summary>Answer</summary>The bright cross moves with you and keeps its shape, since only
# offsets count. What stays is nothing but the frame that cuts it off.</details>

# %%
plots.similarity_explorer(square @ square.T / 32, (12, 16), title="Similarity to a chosen place")

# %% [markdown]
# ## Exercise: `sinusoidal_encoding_2d`
#
# *About 15 minutes, difficulty 2.*
#
# Write `sinusoidal_encoding_2d(height, width, dim)`: an array $(H \cdot W, D)$, tokens row by
# row. The first $D/2$ features are the 1-D encoding (of $D/2$ features) of the token's **row**,
# the others that of its **column**. `dim` is a multiple of 4.
#
# Use `positions.sinusoidal_encoding`, or your own. Example: in a grid of $2 \times 3$, token 4 is
# in row 1 and column 1; token 3 is in row 1 and column 0.


# %% nbgrader={"grade": false, "grade_id": "sinusoidal_encoding_2d", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sinusoidal_encoding_2d(height, width, dim):
    """height H, width W, dim D -> (H·W, D): first half the row, second half the column."""
    ### BEGIN SOLUTION
    row, column = np.divmod(np.arange(height * width), width)  # (H·W,) each
    rows = np.array(positions.sinusoidal_encoding(height, dim // 2))  # (H, D/2)
    columns = np.array(positions.sinusoidal_encoding(width, dim // 2))  # (W, D/2)
    return np.concatenate([rows[row], columns[column]], axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sinusoidal_encoding_2d_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("sinusoidal_encoding_2d", sinusoidal_encoding_2d)

# %% [markdown]
# ## A step is a rotation
#
# Draw a pair as a point, sine across and cosine up: it runs round a circle, like the hand of a
# clock. One step turns the hand by a fixed angle, wherever it stands. A fast hand, a slower one,
# a very slow one: the encoding is a wall of clocks, and reading them all tells the time. The dots
# are the tip of the hand at positions 0 to 11, from dark to bright.

# %%
_, axes = pyplot.subplots(1, 3, figsize=(7.5, 2.7), layout="constrained")
for ax, pair in zip(axes, [0, 4, 8]):
    hands = table[:12, 2 * pair : 2 * pair + 2]  # (12, 2)
    ax.add_patch(pyplot.Circle((0, 0), 1, fill=False, color=plots.PALE))
    ax.scatter(hands[:, 0], hands[:, 1], c=np.arange(12), cmap="cividis", zorder=2)
    for place in [0, 1, 2]:
        ax.annotate(str(place), 1.2 * hands[place], ha="center", va="center")
    ax.set(title=f"pair {pair}", aspect="equal", xticks=[], yticks=[], xlim=(-1.4, 1.4),
           ylim=(-1.4, 1.4))
plots.show("Three circles with positions 0 to 11 as dots: far apart for pair 0, closer for pair 4, "
           "crowded for pair 8.")

# %% [markdown]
# What happens to a hand that is turned by the angle $t$? School knows:
#
# $$\sin(a + t) = \sin a \cos t + \cos a \sin t, \qquad
#   \cos(a + t) = \cos a \cos t - \sin a \sin t$$
#
# Read them slowly. The new sine is so much of the old sine and so much of the old cosine, and *how*
# much does not depend on $a$. So one matrix of $2 \times 2$ turns the row $(\sin a, \cos a)$ into
# the row $(\sin(a + t), \cos(a + t))$, whatever $a$ is. Which? Take a pencil and fill it in; at
# $t = 0$ it must be the identity.

# %% [markdown]
# ## Exercise: `offset_rotation`
#
# *About 20 minutes, difficulty 3.*
#
# Write `offset_rotation(offset, dim)`: the matrix $R$ of shape $(D, D)$ with
#
# $$\text{PE}(p + \text{offset}) = \text{PE}(p)\, R \quad \text{for every } p.$$
#
# No pair looks at another, so all of it is zero but for the blocks that you have just filled in.
# By which angle does pair $i$ turn in one step, and by which in `offset` steps? The offset may be
# negative.


# %% nbgrader={"grade": false, "grade_id": "offset_rotation", "locked": false, "schema_version": 3, "solution": true, "task": false}
def offset_rotation(offset, dim):
    """offset in positions, dim D -> (D, D): encoding[p] @ it is encoding[p + offset]."""
    ### BEGIN SOLUTION
    rotation = np.zeros((dim, dim), "float32")
    for pair in range(dim // 2):
        turn = offset / 10000 ** (2 * pair / dim)
        block = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        rotation[2 * pair : 2 * pair + 2, 2 * pair : 2 * pair + 2] = block
    return rotation
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "offset_rotation_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("offset_rotation", offset_rotation)

# %% [markdown]
# ### Use it
#
# "Three places further" is **one** matrix for all positions. Move all 100 codes with it, and
# compare with the codes that are really there. Then move them by minus three.

# %%
for offset in [3, -3]:
    moved = table @ np.array(positions.offset_rotation(offset, 64))  # (100, 64)
    inside = slice(0, 97) if offset > 0 else slice(3, 100)  # whose goal lies in the table
    goal = table[3:] if offset > 0 else table[:97]
    same = np.abs(moved[inside] - goal).max() < 1e-5
    print(f"offset {offset:2}: the moved codes are those that are there, to 1e-5: {same}")

# %% [markdown]
# And that is the $W_q$ we were looking for. A Dense layer can learn this matrix: let it move each
# query's code by minus three before it is compared. **Predict** where the curve of dot products has
# its peak now.

# %%
looking_left = table @ np.array(positions.offset_rotation(-3, 64)) @ table.T  # (100, 100)
_, axes = pyplot.subplots(figsize=(5.5, 2.6), layout="constrained")
offset = np.arange(100) - 50
axes.plot(offset, gram[50], "--", color=plots.GREY, label="the codes as they are")
axes.plot(offset, looking_left[50], color=plots.BLUE, label="the query's code, moved")
axes.set(xlabel="offset of the key", ylabel="dot product", xlim=(-15, 15))
axes.legend(frameon=False)
plots.show("Two curves of dot products against the offset of the key, −15 to 15: for the codes as "
           "they are, and for queries whose code was moved by −3.")

# %% [markdown]
# At $-3$, and the curve is no longer its own mirror image around 0: this head looks at the token
# three places to its left, wherever it stands. That is how attention can learn "look at the token
# before me" from sinusoids, and how it can tell left from right.

# %% [markdown]
# ### Rotate in attention itself: RoPE
#
# There, $W_q$ had to *learn* a rotation, and the codes were mixed with the content. Why not do it
# ourselves? Add nothing to the tokens. Rotate the query of position $p$ by $R(p)$ and the key of
# position $q$ by $R(q)$, just before they meet. (Values stay as they are.) **Predict** which two of
# the three scores are the same.

# %%
query, key = rng.standard_normal((2, 64))
for p, q in [(3, 5), (30, 35), (40, 42)]:
    turned_query = query @ np.array(positions.offset_rotation(p, 64))
    turned_key = key @ np.array(positions.offset_rotation(q, 64))
    print(f"query at {p:2}, key at {q:2}: score {turned_query @ turned_key:.3f}")

# %% [markdown]
# The first and the third: both keys stand two places to the right. If two hands are turned by $p$
# and by $q$ steps, the angle between them changes by $q - p$ steps: only the offset. So a score
# knows the contents and the **offset**, by construction, and no position of its own. This is the
# *rotary* position embedding (RoPE: Su and others, 2021). Below it runs against the others.

# %% [markdown]
# ### Quick question
#
# A model was trained on sequences of up to 100 tokens, with sinusoids. You feed it 300. What
# about the codes of positions 100 to 299?
#
# <details><summary>A: they do not exist</summary>They do: the formula gives a code for every
# position. (A <em>learned</em> table of 100 rows would end.)</details>
# <details><summary>B: they exist, and offsets still are rotations, so all is well</summary>The
# first half is right. But the model has never seen those codes. Whether it does something
# sensible with them is a question for an experiment, and we make it below.</details>
# <details><summary>C: they exist, and nothing is guaranteed</summary>Yes.</details>

# %% [markdown]
# ## The cure
#
# Back to *left or right*. The same model, the same pictures, the same four passes, and one array
# added: the sinusoids for a grid of $8 \times 8$. **Predict** the accuracy.

# %% tags=["nbval-ignore-output"]
grid_codes = np.array(positions.sinusoidal_encoding_2d(8, 8, 48))  # (64, 48)
sinusoid_model, sinusoid_accuracy = train(lambda x: positions.add_positions(x, grid_codes))
print(f"without places: {bag_accuracy:.1%}   with sinusoids: {sinusoid_accuracy:.1%}")

# %% [markdown]
# Not one parameter more, and from chance to nearly everything.

# %% [markdown]
# ## Let it learn its own
#
# The Vision Transformer does not use sinusoids at all. It **learns** the table: $N$ rows of $D$
# numbers that start random and are trained like every other kernel.
# `positions.LearnedPositions()` is such a layer: `add_positions` with a table of its own. Compare
# the losses, pass by pass, with those above.

# %% tags=["nbval-ignore-output"]
learned_model, learned_accuracy = train(positions.LearnedPositions(name="places"))
accuracies = [bag_accuracy, sinusoid_accuracy, learned_accuracy]
plots.bars(accuracies, ["none", "sinusoids", "learned"], title="left or right: right answers")
plots.show("Three bars of the share of right answers: none, sinusoids, learned.")

# %% [markdown]
# It gets there as well, but later: for some passes its loss stays that of a coin, since it must
# first discover that places exist.
#
# What did it learn? For four places, how alike is every other place's code (cosine, after taking
# away the mean of all codes)?

# %%
def draw_similarities(table):
    """For four places of a grid of 8 x 8: how alike are the codes (64, D) of all others?"""
    centred = table - table.mean(axis=0)
    centred = centred / np.linalg.norm(centred, axis=-1, keepdims=True)
    plots.similarity_maps(centred @ centred.T, (8, 8), [(0, 0), (2, 6), (4, 3), (7, 7)])


learned_table = ops.convert_to_numpy(learned_model.get_layer("places").table)  # (64, 48)
draw_similarities(learned_table)
plots.show("Similarity of the codes that a model learned from 'left or right', in a grid of 8 by "
           "8, for four places.")

# %% [markdown]
# It learned what the task asks for. Look at row 2, column 6: the right side is like it (the last
# column less so), the left side is the opposite, and *rows hardly matter*. Nobody told it about
# columns.
#
# And a model that must recognise **photos**? The small ViT that you will put together in notebook 4
# comes with the course. It has seen 45,000 photos eight times, and its grid is $8 \times 8$, too.
# **Predict** its four maps.

# %%
photo_model, _ = load_trained("vit-plain-cifar100")
photo_table = ops.convert_to_numpy(photo_model.get_layer("positions").table)  # (1 + 64, 96)
draw_similarities(photo_table[1:])  # without the code of the class token
plots.show("Similarity of the codes that a ViT learned from photos, for the same four places.")

# %% [markdown]
# Now both directions count. Around row 4, column 3 lies a bright spot: *near places have similar
# codes*, and nobody demanded it. And the corners are like the edges of the picture, and least like
# its middle. (A likely reason: in most photos the thing is in the middle, and around it is
# background.)
#
# The paper's figure 7 has such maps for a far larger ViT. There rows and columns show, as in the
# crosses of the sinusoids.

# %% [markdown]
# ## A larger picture
#
# A learned table has 64 rows. A picture of twice the size has a grid of $16 \times 16$: 256
# tokens, and no codes for them. The way out is to treat the table as a **picture**, $8 \times 8$
# with $D$ channels, and to stretch it. Between two known places, take the weighted mean of the
# four nearest: *bilinear* interpolation.
#
# One entry needs care. ViT puts a **class token** in front of the patches (notebook 4 tells why).
# It has a code too, but no place on the grid. It must not be stretched: keep it as it is, and in
# front.

# %% [markdown]
# ## Exercise: `resize_positions`
#
# *About 20 minutes, difficulty 3.*
#
# Write `resize_positions(positions, old_grid, new_grid)`: codes $(1 + H \cdot W, D)$, the class
# token's first, and two pairs $(H, W)$ and $(H', W')$. The result is $(1 + H' \cdot W', D)$.
#
# `ops.image.resize(pictures, (height, width), interpolation="bilinear")` stretches pictures of
# shape (batch, rows, columns, channels), and is what we ask for. Grids need not be square: a
# photo is not.
#
# (In this cell the name `positions` means the array you are given. The course's
# `sinusoidal_encoding` and its friends are not needed.)


# %% nbgrader={"grade": false, "grade_id": "resize_positions", "locked": false, "schema_version": 3, "solution": true, "task": false}
def resize_positions(positions, old_grid, new_grid):
    """positions (1 + H·W, D), old_grid (H, W), new_grid (H', W') -> (1 + H'·W', D)."""
    ### BEGIN SOLUTION
    dim = positions.shape[-1]
    grid = ops.reshape(positions[1:], (1, *old_grid, dim))  # (1, H, W, D)
    grid = ops.image.resize(grid, new_grid, interpolation="bilinear")  # (1, H', W', D)
    grid = ops.reshape(grid, (new_grid[0] * new_grid[1], dim))  # (H'·W', D)
    return ops.concatenate([positions[:1], grid], axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "resize_positions_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("resize_positions", resize_positions)

# %% [markdown]
# ### Does it survive?
#
# The test pictures at twice the size, patches still $4 \times 4$: 256 tokens. We run the two
# trained models on them, **without training them further**, with four tables. Predict the order:
#
# - learned, stretched as a picture
# - learned, its 64 rows stretched to 256 as one list, from the first to the last
# - sinusoids, stretched as a picture
# - sinusoids, computed by the formula for $16 \times 16$ (no stretching needed!)
#
# (`positions.resize_grid` is what you just wrote, without a class token.)

# %%
large_tokens = to_tokens(scenes.test.images.repeat(2, axis=1).repeat(2, axis=2))  # (B, 256, 48)


def run_with(model, codes):
    """The share of right answers of a trained model on large pictures, with codes (256, D)."""
    x = model.get_layer("embed")(large_tokens) + ops.convert_to_tensor(codes)
    for number in range(2):
        x = x + model.get_layer(f"attention_{number}")(x)
    scores = ops.convert_to_numpy(model.get_layer("head")(ops.mean(x, axis=1)))
    return (scores.argmax(axis=-1) == scenes.test.labels).mean()


print("tokens of a large picture:", large_tokens.shape[1])

# %% [markdown]
# Now the four tables, and what becomes of the answers:

# %%
where = np.linspace(0, 63, 256)
as_list = np.stack([np.interp(where, np.arange(64), row) for row in learned_table.T], axis=-1)
learned_large = positions.resize_grid(learned_table, (8, 8), (16, 16))
sinusoids_large = positions.resize_grid(grid_codes, (8, 8), (16, 16))
formula = positions.sinusoidal_encoding_2d(16, 16, 48)
survived = {
    "learned\n(picture)": run_with(learned_model, learned_large),
    "learned\n(list)": run_with(learned_model, as_list.astype("float32")),
    "sinusoids\n(picture)": run_with(sinusoid_model, sinusoids_large),
    "sinusoids\n(formula)": run_with(sinusoid_model, formula),
}
plots.bars(list(survived.values()), list(survived), title="right answers, twice the size")
plots.show("Four bars of right answers: for the learned table stretched as a picture and as a "
           "list, for sinusoids stretched as a picture and by the formula.")

# %% [markdown]
# Stretched as a picture, both tables keep nearly everything. As a list, the learned one is back at
# chance: the new row 0 gets the left half of the old row 0, the new row 1 its right half, and no
# column means what it did.
#
# The surprise is the formula. It gives the right code for column 12, but this model has never
# seen a column 12, and its column 4 used to be the *middle* of the picture. A formula that has a
# value everywhere is no model that works everywhere.

# %% [markdown]
# ## What extrapolates?
#
# One more experiment, on sequences. The task: which letter stood **before** me? (Before the first
# stood none.) Trained on 16 letters, tested on other lengths. There are five ways to tell places:
# none, numbers, normalised numbers, sinusoids, and rotary attention, which adds no code at all.
# **Predict** each row of the table.


# %%
def draw_letters(count, length):
    """-> one-hot letters (count, N, 8), and the letter before each (8: there is none)."""
    letter = rng.integers(0, 8, (count, length))
    answer = np.roll(letter, 1, axis=1)
    answer[:, 0] = 8
    return np.eye(8, dtype="float32")[letter], answer


def code(kind, length, dim=48):
    """The codes of a sequence, (1, N, D)."""
    if kind in ("none", "rotary"):
        return np.zeros((1, length, dim), "float32")
    if kind == "sinusoids":
        return np.array(positions.sinusoidal_encoding(length, dim))[None]
    numbers = positions.linear_positions(length, normalize=kind == "normalised")
    return np.array(numbers)[None, :, None] * np.ones((1, 1, dim), "float32")


print("letters", draw_letters(2, 16)[0].shape, "  codes", code("numbers", 16).shape)


# %% [markdown]
# Rotary attention is notebook 2's with one line more, in each of its four heads:


# %%
class RotaryAttention(layers.Layer):
    """Self-attention with four heads of 12 features; queries and keys turn by their position."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (layers.Dense(48) for _ in range(4))
        turns = [positions.offset_rotation(place, 12) for place in range(100)]
        self.turns = np.stack([np.array(turn) for turn in turns])  # (100, 12, 12)

    def call(self, x):
        q, k, v = (split_heads(layer(x), 4) for layer in (self.query, self.key, self.value))
        turns = ops.convert_to_tensor(self.turns)[: ops.shape(x)[1]]  # (N, 12, 12)
        q, k = (ops.einsum("bhnd,nde->bhne", each, turns) for each in (q, k))
        return self.out(merge_heads(attend(q, k, v)[0]))


# %% [markdown]
# The models have two inputs this time, letters and codes, so that a trained one can be asked about
# any length. Five trainings, less than a minute in all.


# %% tags=["nbval-ignore-output"]
def train_letters(kind):
    keras.utils.set_random_seed(3)
    letters, codes = keras.Input((None, 8)), keras.Input((None, 48))
    x = layers.Dense(48, name="embed")(letters) + codes
    for number in range(2):
        own = MultiHeadAttention(48, 4, name=f"attention_{number}")
        x = x + (RotaryAttention() if kind == "rotary" else own)(x)
    model = keras.Model([letters, codes], layers.Dense(9)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss)
    shown, answers = draw_letters(16_000, 16)
    model.fit([shown, code(kind, 16).repeat(16_000, axis=0)], answers, batch_size=64, verbose=0)
    print(f"{kind:10} trained, {model.count_params():,} numbers")
    return model


kinds = ["none", "numbers", "normalised", "sinusoids", "rotary"]
letter_models = {kind: train_letters(kind) for kind in kinds}

# %% [markdown]
# Now ask each of the five about six lengths:

# %%
lengths = [8, 16, 20, 24, 32, 64]
found = np.zeros((5, 6))
for row, kind in enumerate(kinds):
    for column, length in enumerate(lengths):
        shown, answers = draw_letters(300, length)
        codes = code(kind, length).repeat(300, axis=0)
        scores = ops.convert_to_numpy(letter_models[kind]([shown, codes]))
        found[row, column] = (scores.argmax(axis=-1) == answers).mean()
plots.heatmap(found, rows=kinds, columns=lengths, column_label="letters in the test",
              title="share of right answers, trained on 16 letters", limits=(0, 1))
plots.show("A table of the share of right answers: a row for each of the five ways to tell places, "
           "a column for each of six lengths.")

# %% [markdown]
# - **none** sees a bag of letters. The best it can do is to name the most frequent one.
# - **numbers** shout the letters down. They do not even work at 16.
# - **normalised** works at 16 and breaks with other lengths. At 8 one step is twice the step it
#   knows, at 32 half of it.
# - **rotary** keeps nearly everything up to 32 letters, and loses at 64.
# - **sinusoids** are perfect at 16, and seem to lose slowly. Seem? A share of right answers can
#   hide *where* they are. **Predict**, for sequences of 32, the share at each place:

# %%
shown, answers = draw_letters(1_000, 32)
_, axes = pyplot.subplots(figsize=(6.5, 2.6), layout="constrained")
for kind, style in [("sinusoids", "-"), ("normalised", ":"), ("rotary", "--")]:
    codes = code(kind, 32).repeat(1_000, axis=0)
    scores = ops.convert_to_numpy(letter_models[kind]([shown, codes]))
    axes.plot((scores.argmax(axis=-1) == answers).mean(axis=0), style, label=kind)
axes.axvline(15.5, color=plots.GREY, linewidth=1)
axes.axhline(1 / 8, color=plots.GREY, linestyle=":", label="chance")
axes.set(xlabel="place", ylabel="right answers", ylim=(0, 1.05))
axes.legend(frameon=False, loc="center right")
plots.show("Three curves of the share of right answers at places 0 to 31: sinusoids, normalised, "
           "rotary. A grey line after place 15 marks the end of what they were trained on; "
           "a dotted one is chance, one eighth.")

# %% [markdown]
# At the places it was trained on, the model with sinusoids is nearly always right. From place 16
# on it is near chance, mostly below even *normalised*. It does not extrapolate at all: the "slow
# loss" was only the share of known places. A step is the same rotation everywhere, and a Dense
# layer *could* learn that rotation. Ours learned what to do with sixteen codes.
#
# **Rotary** is the other way round: right at all places but the first ones. "The letter one step
# before" is the same offset everywhere. "There is *none* before me" is harder: the first must
# notice that nobody answers. (At 64 letters more is lost; why, we have not measured.)

# %% [markdown]
# One thing is odd. With **8** letters sinusoids are wrong more often than with 16, at places they
# know well. What is missing? The letters 8 to 15, though no answer ever hangs on them. So look how
# much of its attention each head of the first layer gives them, from places 0 to 7.

# %% tags=["nbval-ignore-output"]
letter_model = letter_models["sinusoids"]
shown, answers = draw_letters(300, 16)
x = letter_model.get_layer("embed")(shown) + code("sinusoids", 16)
_, weights = letter_model.get_layer("attention_0")(x, return_weights=True)  # (B, h, N, N)
to_later = ops.convert_to_numpy(weights)[:, :, :8, 8:].sum(axis=-1).mean(axis=(0, 2))  # (h,)
print("attention from places 0-7 to 8-15, head by head:", *(f"{share:.0%}" for share in to_later))

# %% [markdown]
# A good part of it, in one head or another. A softmax must put its weight somewhere, and a head
# that has nothing to find may rest on letters that do no harm. With 8 letters this resting place is
# gone. Probably the weight then falls on near letters, and the next layer gets sums it has never
# seen; that this is the cause, we have not tested. What this model learned on 16 tokens holds for
# 16 tokens, downwards as upwards.
#
# What does better builds the *offset* into the scores themselves. Rotary attention does; notebook 5
# does it in another way, for windows.

# %% [markdown]
# ### Quick question
#
# Which of these can you run on a picture of another size *and* get as many right answers as
# before?
#
# <details><summary>A: learned positions, as they are</summary>They do not even run: there is a row
# for each place, and no more. They have to be stretched.</details>
# <details><summary>B: sinusoids, by the formula</summary>They run, and fell to chance: on
# large pictures, and from the 17th letter on.</details>
# <details><summary>C: no positions at all</summary>Yes: chance before, chance after. It does
# not mind the size, since it does not know any.</details>
# <details><summary>D: learned positions or sinusoids, once the table is stretched like a
# picture</summary>Yes, nearly, as far as we measured: at twice the size, on one coarse
# question.</details>

# %% [markdown]
# ## In your own words
#
# *About 15 minutes. A person reads this one, not a check. 3 points.*
#
# A colleague trains a model on X-ray pictures of $224 \times 224$ pixels and wants to use it on
# $448 \times 448$. "We use sinusoids, so it just works." Answer in five to eight sentences.
#
# - 1 point: what is true about sinusoids (what holds for every offset?)
# - 1 point: why it may still fail, with a measurement from this notebook
# - 1 point: what you would do instead, and what you would measure before trusting it

# %% [markdown] nbgrader={"grade": true, "grade_id": "resolution_answer", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# It is true that the formula has a code for every position, and that moving on by an offset is
# the same rotation everywhere, so dot products depend on offsets only. But the model was trained
# with the codes of one grid. On a grid twice as large most codes are new to it, and what used to
# be the middle column is now a quarter of the way across. In our experiment the model with
# sinusoids fell from nearly 100 % to chance when the codes came from the formula, although the
# pictures showed the same scenes. I would keep the picture's frame: stretch the table of the
# small grid to the large one, as bilinear interpolation does with a picture, which kept almost
# all right answers here. Then I would train on a little at the new size. Before trusting it I
# would measure the accuracy at both sizes on the same test pictures.
#
# *Rubric: one point for each of the three lines in the question; half a point where the right
# idea has no measurement.*

# %% [markdown]
# ## What you have now
#
# | idea | function | shape of the result |
# |---|---|---|
# | count | `linear_positions` | $(N,)$ |
# | a wall of clocks | `sinusoidal_encoding` | $(N, D)$ |
# | tell every token | `add_positions` | $(B, N, D)$ |
# | row and column | `sinusoidal_encoding_2d` | $(H \cdot W, D)$ |
# | a step is a rotation | `offset_rotation` | $(D, D)$ |
# | a larger picture | `resize_positions` | $(1 + H' W', D)$ |

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## What we left out
#
# *Relative* positions, which add a learned number to each score depending on the offset: notebook
# 5. *Fourier features*, sinusoids for places that are no whole numbers: notebook 6. Rotary
# positions in *two* dimensions, where one half of the features turns by the row and the other by
# the column.
#
# **Next: notebook 4, the Vision Transformer.**

# %% [markdown]
# ## To read on
#
# - A. Vaswani and others, *Attention Is All You Need*, 2017: section 3.5 has the sinusoids, and
#   the sentence about offsets that you have just proved.
# - A. Dosovitskiy and others, *An Image Is Worth 16x16 Words*, 2021: learned positions; section
#   3.2 stretches them.
# - J. Gehring and others, *Convolutional Sequence to Sequence Learning*, 2017: learned positions
#   for text.
# - J. Su and others, *RoFormer: Enhanced Transformer with Rotary Position Embedding*, 2021.


