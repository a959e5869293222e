# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · Swin Transformer: attention in windows
#
# **You will**
#
# - cut a picture into windows, and pay for pixels instead of for pairs of pixels
# - see a model fail because of a wall between two windows, and move the wall
# - find out who is a stranger in a shifted window, and hide him
# - put a whole layer together, and see a trained Swin run on it
# - build the pyramid, and learn why a fine model gets 52 % when its pictures are too small
#
# **You need** notebooks 1 to 4.
#
# **Time**: three and a half hours for you; the machine needs about three minutes, without a GPU.

# %%
import dataclasses
import time

import numpy as np
from matplotlib import cbook, pyplot

from course_utils import plots
from course_utils.exercises import check, hint, progress, yours_or_ours
from course_utils.reference import swin_transformer as swin, windows
from course_utils.training.data import load
from course_utils.training.devices import has_gpu
from course_utils.training.images import average_pool, scale

import keras
from keras import layers, ops

FAST = not has_gpu()  # True: minutes on two CPU cores. False: also a training on CIFAR-100
keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
print("Keras", keras.__version__, "on", keras.backend.backend(), " fast path:", FAST)

# %% [markdown]
# ## Letters we use
#
# | letter | meaning |
# |---|---|
# | $B$, $C$, $D$ | images in a batch; channels of a map; features of a token |
# | $H$, $W$ | rows and columns of a map of tokens |
# | $M$ | side of a window, in tokens |
# | nW | windows in a map |
# | $A$ | tokens in a window: $M^2$, or $M_h M_w$ if it is not square |
# | $h$ | heads |
#
# The course's own versions of what you build here are in `windows`, the model in `swin`.

# %% [markdown]
# ## The price of looking closely
#
# ViT cuts a photo of $224 \times 224$ pixels into patches of $16 \times 16$: 196 tokens. That is
# coarse. To find a small thing, or to draw its outline, we want patches of $4 \times 4$. There are
# 3,136 of them, so attention has $3136^2$, nearly ten million, scores. *For each head of each
# layer.*
#
# The Swin Transformer (Liu and others, 2021) asks: must the top left corner look at the bottom
# right one in *every* layer? It lets tokens attend only within their **window** of $7 \times 7$
# tokens.

# %%
file = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
photo = average_pool(pyplot.imread(file)[32:480, 32:480], 2) / 255  # (224, 224, 3)
_, axes = pyplot.subplots(1, 2, figsize=(7.6, 4), layout="constrained")
axes[0].imshow(photo)
plots.outline(axes[0], 224, 224, 16)
axes[0].set(title="ViT: 196 tokens of 16 × 16 pixels", xticks=[], yticks=[])
axes[1].imshow(photo)
plots.outline(axes[1], 224, 224, 28)
for step in range(0, 29, 4):
    axes[1].plot([111.5 + step] * 2, [83.5, 111.5], color="white", linewidth=1)
    axes[1].plot([111.5, 139.5], [83.5 + step] * 2, color="white", linewidth=1)
axes[1].set(title="Swin: 64 windows of 7 × 7 tokens", xticks=[], yticks=[])
plots.show("A portrait twice: with a grid of 14 by 14 patches, and with 8 by 8 windows, one of "
           "which shows its 7 by 7 small tokens.")

# %% [markdown]
# On the right, one window shows its tokens. Each of the 49 attends to 49, not to 3,136.
#
# From here on tokens stay on their **map**, $(B, H, W, C)$: we need to know who is whose
# neighbour. Here is a small map with $H = 4$ and $W = 6$. Each token has a number, and windows of
# $2 \times 2$ have a colour each.

# %%
number = np.arange(24).reshape(4, 6)
row, column = np.indices((4, 6))
plots.window_map(3 * (row // 2) + column // 2, 2, numbers=number, title="six windows")
plots.show("A map of 4 by 6 numbered tokens in six windows of 2 by 2, each with its own colour.")

# %% [markdown]
# ## Exercise: `window_partition`
#
# *About 15 minutes, difficulty 2 of 3.*
#
# Write `window_partition(x, window)`: maps $(B, H, W, C)$ become $(B \cdot \text{nW}, M^2, C)$.
# To attention, each window will be a sequence of its own, so windows go where the batch was.
#
# Windows come row by row, all of one image before the next; the tokens of a window row by row,
# too. In the map above: window 0 holds the tokens 0, 1, 6, 7, and window 1 the tokens 2, 3, 8, 9.
# $M$ divides $H$ and $W$.


# %% nbgrader={"grade": false, "grade_id": "window_partition", "locked": false, "schema_version": 3, "solution": true, "task": false}
def window_partition(x, window):
    """x (B, H, W, C) -> (B·nW, M², C)."""
    ### BEGIN SOLUTION
    B, H, W, C = x.shape
    x = ops.reshape(x, (B, H // window, window, W // window, window, C))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))  # (B, H/M, W/M, M, M, C)
    return ops.reshape(x, (B * (H // window) * (W // window), window**2, C))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "window_partition_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("window_partition", window_partition)

# %% [markdown]
# ## Exercise: `window_reverse`
#
# *About 10 minutes, difficulty 2.*
#
# After attention, windows must become a map again. Write
# `window_reverse(windows, window, height, width)`: $(B \cdot \text{nW}, M^2, C)$ becomes
# $(B, H, W, C)$.
#
# How many images there are is not given. It follows.


# %% nbgrader={"grade": false, "grade_id": "window_reverse", "locked": false, "schema_version": 3, "solution": true, "task": false}
def window_reverse(windows, window, height, width):
    """windows (B·nW, M², C) of maps H by W -> (B, H, W, C)."""
    ### BEGIN SOLUTION
    rows, columns = height // window, width // window
    B, C = windows.shape[0] // (rows * columns), windows.shape[2]
    x = ops.reshape(windows, (B, rows, columns, window, window, C))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))  # (B, H/M, M, W/M, M, C)
    return ops.reshape(x, (B, height, width, C))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "window_reverse_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("window_reverse", window_reverse)

# %% [markdown]
# ### Find the bug
#
# Two lines that promise a short `window_partition` with its inverse:
#
# ```python
# windows = x.reshape(-1, M * M, C)
# x_again = windows.reshape(B, H, W, C)
# ```
#
# The round trip is perfect, for every map. What is wrong?
#
# <details><summary>Answer</summary>A plain reshape keeps the order of the numbers, there and back.
# Its first "window" is 0, 1, 2, 3 on the map above: a strip of a row. Two wrong halves can undo
# each other. A round trip proves that nothing is lost, not that the right tokens came together:
# that is why your partition was checked by itself.</details>

# %% [markdown]
# ### True or false?
#
# "Swin's windows overlap: that is how information gets from one to the next."
#
# <details><summary>True</summary>It would work, but then each token would be in several windows,
# and the price would go up again. In Swin each token is in exactly one window of a
# layer.</details>
# <details><summary>False</summary>Right. Windows of <em>one</em> layer lie side by side and share
# nothing. How information gets across is the next layer's business: you will build it in a
# moment.</details>

# %% [markdown]
# ## What do windows save?
#
# Let us count multiplications. An array $(a, b)$ times an array $(b, c)$ has $a \cdot c$ results,
# each a sum of $b$ products. So it takes $a \cdot b \cdot c$ multiplications: the *volume* of a
# box. Here is all that one attention multiplies, for a map of $HW$ tokens of width $D$. $K$ is the
# number of keys that each query meets.

# %%
products = {
    "query, key, value and output:\nfour times": ("HW", "D", "D", 3.6, 1, 1),
    "scores": ("HW", "D", "K", 3.6, 1, 1.8), "mixing": ("HW", "K", "D", 3.6, 1.8, 1),
}  # fmt: skip
_, axes = pyplot.subplots(1, 3, figsize=(10, 3), layout="constrained")
for ax, (title, (a, b, c, high, wide, last)) in zip(axes, products.items()):
    boxes = [(0, high, wide, a, b), (wide + 0.9, wide, last, b, c)]
    for left, tall, broad, rows, columns in boxes:
        ax.add_patch(pyplot.Rectangle((left, -tall), broad, tall, fc="0.9", ec="black"))
        ax.text(left - 0.1, -tall / 2, rows, ha="right", va="center")
        ax.text(left + broad / 2, 0.15, columns, ha="center")
    ax.text(wide + 0.35, -0.6, "·", size=20, ha="center", va="center")
    ax.set(title=title, xlim=(-0.8, 4.2), ylim=(-3.8, 0.7), aspect="equal")
    ax.axis("off")
plots.show("Three products of two arrays each. Query, key, value and output, four times: (HW, D) "
           "by (D, D). Scores: (HW, D) by (D, K). Mixing: (HW, K) by (K, D).")

# %% [markdown]
# ## Exercise: `attention_cost`
#
# *About 5 minutes, difficulty 1.*
#
# Write `attention_cost(height, width, dim, window=None)`: the number of multiplications in the
# drawing, a whole number. `window` is $M$, or `None` when all tokens attend to all. What is $K$,
# in one case and in the other?
#
# Example: a map of $1 \times 2$ with $D = 1$, all with all, costs 16.
#
# Before you write: double both sides of the map. **Predict** which of the six products grow four
# times, and which grow sixteen times, with windows and without.

# %% nbgrader={"grade": false, "grade_id": "attention_cost", "locked": false, "schema_version": 3, "solution": true, "task": false}
def attention_cost(height, width, dim, window=None):
    """map H by W, D features, window M or None -> multiplications of one attention."""
    ### BEGIN SOLUTION
    tokens = height * width
    keys = tokens if window is None else window**2
    return 4 * tokens * dim**2 + 2 * tokens * keys * dim
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "attention_cost_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("attention_cost", attention_cost)

# %% [markdown]
# The projections grow four times, always. Without windows, the scores and the mixing grow sixteen
# times: there are four times as many queries, and each meets four times as many keys. With windows
# *all six* grow four times, for a query meets $M^2$ keys on any map. (The two sums are equations 1
# and 2 of the paper.)
#
# So with windows the cost is **linear** in the number of tokens. It is the whole reason for this
# notebook.

# %% [markdown]
# ### Measure it
#
# You have counted multiplications; a clock counts everything. Here are both attentions of the
# course, on maps from $7 \times 7$ to $56 \times 56$ tokens with $D = 32$. **Predict**: from 28
# tokens a side to 56 there are four times as many tokens. By how much does each time grow?


# %%
clock = time.process_time if FAST else time.perf_counter  # seconds: the processor's, or ours


def seconds_for(layer, x):
    """The quickest of many calls, after one that sets everything up."""
    layer(x)
    durations = []
    for _ in range(20):
        start = clock()
        ops.convert_to_numpy(layer(x))
        durations.append(clock() - start)
    return min(durations)


# %% [markdown]
# From 7 tokens a side to 56:

# %% tags=["nbval-ignore-output"]
sides = [7, 14, 21, 28, 42, 56]
with_all, in_windows = swin.MultiHeadAttention(32, 2), swin.WindowAttention(32, 2, window=7)
measured = np.zeros((2, 6))  # milliseconds
for place, side in enumerate(sides):
    x = rng.standard_normal((1, side, side, 32)).astype("float32")
    measured[0, place] = 1000 * seconds_for(with_all, x.reshape(1, side * side, 32))
    measured[1, place] = 1000 * seconds_for(in_windows, x)
print("milliseconds", measured.round(1).tolist())

# %% [markdown]
# Beside the clock, your count:

# %% tags=["nbval-ignore-output"]
predicted = [[windows.attention_cost(s, s, 32, m) for s in sides] for m in (None, 7)]
_, axes = pyplot.subplots(1, 2, figsize=(9, 3), layout="constrained")
panels = [(measured, "measured, milliseconds"), (predicted, "predicted, multiplications")]
for ax, (lines, title) in zip(axes, panels):
    for line, name, style in zip(lines, ["all with all", "windows of 7 × 7"], ["o-", "s--"]):
        ax.plot(np.array(sides) ** 2, line, style, label=name)
    ax.set(title=title, xlabel="tokens", ylim=(0, None))
axes[0].legend(frameon=False)
plots.show("Cost against the number of tokens, measured on the left and predicted on the right: a "
           "line for attention of all with all, and one for windows.")

# %% [markdown]
# Take four times the tokens, 28 a side to 56. On paper, the windows then cost 4 times as much. All
# with all costs 15 times as much. (Not 16: the projections only grow by 4.)
#
# The clock is milder at these sizes (and small dips in its lines are noise). All with all took us
# six to nine times as long, the windows about twice as long at most. Every call has a price of
# its own, however few the tokens are. With windows that price is higher, for there is more to cut
# and to glue. So with few tokens windows save nothing, and with many they save nearly everything.


# %% [markdown]
# ## Where in the window?
#
# Before we go on: where in its window is a token? A window is a small set, and a set has no order
# (notebook 1). In notebook 3 we added a code to each token. Swin does it otherwise: it adds a
# learned number to each **score**, and which number depends only on the **offset** from key to
# query: so many rows down, so many columns across.
#
# $$\text{weights} = \operatorname{softmax}\!\left(\frac{QK^\top}{\sqrt d} + \text{bias}\right)$$
#
# In a window of $M_h \times M_w$ tokens the offset down runs from $-(M_h - 1)$ to $M_h - 1$, the
# offset across from $-(M_w - 1)$ to $M_w - 1$. So there is a **table** with
# $(2M_h - 1)(2M_w - 1)$ learned numbers for each head, and all pairs with one offset share one.

# %%
index = np.array(windows.relative_position_index(3, 4))  # (12, 12): twelve tokens
plots.heatmaps([index[query].reshape(3, 4) for query in (0, 5, 11)],
               [f"rows of the table for query {query}" for query in (0, 5, 11)], limits=(0, 34),
               row_label="row of the key", column_label="column")
plots.show("A window of 3 by 4 keys three times, for queries 0, 5 and 11, with the number of the "
           "offset written into each key.")

# %% [markdown]
# Each picture is one query of a $3 \times 4$ window, and shows which row of the table it uses for
# each key. Find the query itself: it always has 17, offset $(0, 0)$, the middle of $5 \cdot 7 = 35$
# rows. The key to the right of the query always has 16, the key below always 10. How does one get
# these numbers?
#
# As one numbers the tokens of a grid: (offset down, counted from 0) times (offsets across in a
# row) plus (offset across, counted from 0). Offset is query minus key.

# %% [markdown]
# ## Exercise: `relative_position_index`
#
# *About 25 minutes, difficulty 3.*
#
# Write `relative_position_index(window_height, window_width)`: whole numbers $(A, A)$, row is
# query, $A = M_h M_w$ tokens row by row. Values from 0 to $(2M_h - 1)(2M_w - 1) - 1$; the same
# number for the same offset.
#
# For $2 \times 2$ it is
#
# | | key 0 | key 1 | key 2 | key 3 |
# |---|---|---|---|---|
# | query 0 | 4 | 3 | 1 | 0 |
# | query 1 | 5 | 4 | 2 | 1 |
# | query 2 | 7 | 6 | 4 | 3 |
# | query 3 | 8 | 7 | 5 | 4 |


# %% nbgrader={"grade": false, "grade_id": "relative_position_index", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relative_position_index(window_height, window_width):
    """window Mh by Mw -> (A, A) whole numbers, one for each offset of query from key."""
    ### BEGIN SOLUTION
    row, column = np.divmod(np.arange(window_height * window_width), window_width)
    down = row[:, None] - row[None, :] + window_height - 1  # (A, A), from 0
    across = column[:, None] - column[None, :] + window_width - 1
    return down * (2 * window_width - 1) + across
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "relative_position_index_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("relative_position_index", relative_position_index)

# %% [markdown]
# ### Find the bug
#
# Another way to the index. On square windows it has the right range, the same number for the same
# offset, and a model trained with it from scratch works. **Predict** what it does in a window of
# $2 \times 3$:

# %%
def other_index(Mh, Mw):
    row, column = np.divmod(np.arange(Mh * Mw), Mw)
    first = column[:, None] - column[None, :] + Mh - 1
    second = row[:, None] - row[None, :] + Mw - 1
    return first * (2 * Mw - 1) + second


for Mh, Mw in [(7, 7), (2, 3)]:
    found = other_index(Mh, Mw)
    rows = (2 * Mh - 1) * (2 * Mw - 1)
    print(f"{Mh} x {Mw}: numbers from {found.min()} to {found.max()}, a table of {rows} rows")

# %% [markdown]
# <details><summary>What is wrong?</summary>The two offsets have changed places (a meshgrid gave x
# before y), but the sides that belong to them have not. In a square window, that is only a table
# turned over its diagonal: a model trained from scratch never notices, and published weights are
# used with rows and columns exchanged. In a window of 2 × 3 the numbers run from −4 to 18, and the
# table has 15 rows. What happens then depends on the library: an error, the fourth row from the
# end, zeros, or the nearest row.</details>
#
# Test with sides that differ. It is the same lesson in every notebook.

# %% [markdown]
# ## The wall
#
# In one layer a token meets only those of its own window. Does it help to stack layers? An
# experiment: a map of $12 \times 12$ tokens in windows of $4 \times 4$, four Swin blocks with
# random weights. Change **one pixel** of the picture (its token is marked 0 below). After
# which block does each token first notice? **Predict** where the news has come after four.


# %%
def first_notice(shifts, side=12):
    """-> (side, side): the number of the first block after which a token has changed, or NaN."""
    keras.utils.set_random_seed(5)
    x = np.random.default_rng(5).standard_normal((1, 4 * side, 4 * side, 3)).astype("float32")
    poked = x.copy()
    poked[0, 6, 22] += 1.0  # a pixel of the token in row 1, column 5
    both = swin.PatchEmbedding(4, 32)(np.concatenate([x, poked]))  # (2, 12, 12, 32)
    noticed = np.full((side, side), np.nan)
    noticed[1, 5] = 0
    for number, shift in enumerate(shifts, start=1):
        both = swin.SwinBlock(32, 2, window=4, mlp_dim=64, shift=shift)(both)
        gap = np.abs(ops.convert_to_numpy(both[0] - both[1])).max(axis=-1)  # (12, 12)
        noticed[(gap > 1e-6) & np.isnan(noticed)] = number
    return noticed


_, axes = pyplot.subplots(figsize=(5, 5), layout="constrained")
plots.heatmap(first_notice([0, 0, 0, 0]), numbers=True, limits=(0, 4), ax=axes,
              row_label="row of the map", column_label="column")
plots.show("A map of 12 by 12 tokens: in each the block after which it has changed, or a cross.")

# %% [markdown]
# The window of the poked token notices at once. Everybody else (a cross) *never*, in four blocks
# or four hundred. Nine windows are nine small pictures. The paper calls this **W-MSA**: multi-head
# self-attention in windows.
#
# Swin's idea: in every second layer, **the walls stand elsewhere**, moved by half a window. What
# was divided in one layer is together in the next. That is **SW-MSA**, with an S for shifted.

# %% [markdown]
# ## Shift the map, not the windows
#
# Moved windows would leave halves and quarters at the edges: windows of several sizes, and more
# of them. The trick is to move the **map** instead, up and to the left by `shift`, and to let what
# falls off come back on the other side, as on a torus. Then the old partition fits again. (And
# afterwards: move it back.)

# %%
_, axes = pyplot.subplots(1, 3, figsize=(10, 2.8), layout="constrained")
own = 3 * (row // 2) + column // 2
plots.window_map(own, 2, numbers=number, title="windows", ax=axes[0])
moved = 4 * ((row + 1) // 2) + (column + 1) // 2  # which piece a token falls into
plots.window_map(moved, numbers=number, title="windows moved by 1: 12 pieces", ax=axes[1])
shifted = np.array(windows.cyclic_shift(np.stack([moved, number], axis=-1)[None], 1))[0]
plots.window_map(shifted[..., 0], 2, numbers=shifted[..., 1], title="map shifted by 1: 6 windows",
                 ax=axes[2])
plots.show("Three maps of 4 by 6 tokens. Six windows; the windows moved by one, which makes twelve "
           "pieces; the map shifted up and left, where six windows hold those twelve pieces.")

# %% [markdown]
# In the middle, the pieces that moved windows would make: twelve, in four sizes. On the right the
# shifted map: token 7 is now in the corner, and the first row (0 to 5) has come back at the
# bottom. Six windows of equal size hold all twelve pieces. The first two are of one colour; the
# others hold pieces of two colours, or of four. Remember that.

# %% [markdown]
# ## Exercise: `cyclic_shift`
#
# *About 5 minutes, difficulty 1.*
#
# Write `cyclic_shift(x, shift)` for maps $(B, H, W, C)$: the content moves up and to the left by
# `shift`, and what leaves on one side comes back on the other. A negative shift undoes it.
#
# `ops.roll` and `np.roll` do most of the work. Mind the direction.


# %% nbgrader={"grade": false, "grade_id": "cyclic_shift", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cyclic_shift(x, shift):
    """x (B, H, W, C), shift in tokens -> (B, H, W, C)."""
    ### BEGIN SOLUTION
    return ops.roll(x, (-shift, -shift), axis=(1, 2))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cyclic_shift_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("cyclic_shift", cyclic_shift)

# %% [markdown]
# ### One pixel again
#
# The same picture, the same weights, but the second and the fourth block are shifted by 2, half a
# window. **Predict**: who has *not* noticed after four?

# %%
_, axes = pyplot.subplots(figsize=(5, 5), layout="constrained")
plots.heatmap(first_notice([0, 2, 0, 2]), numbers=True, limits=(0, 4), ax=axes,
              row_label="row of the map", column_label="column")
plots.show("The map of 12 by 12 tokens once more, now with shifts: in each the block after which "
           "it has changed, or a cross.")

# %% [markdown]
# The last two rows. Block 1 fills the window. Block 2 carries the news two tokens
# over each wall. Block 3 fills every window that has heard of it, block 4 goes over the next wall.
# The fifth block would reach the two rows that still wait.
#
# But wait. In block 2 the map is shifted, and the last two rows share windows with rows 0 and 1,
# which had the news. Why have they not noticed? Something keeps them apart. That is your next
# exercise.

# %% [markdown]
# ## Strangers in one window
#
# On a torus the sky is next to the street. What does that do to attention? Let us watch one token
# near the bottom right corner of a $12 \times 12$ map (row 10, column 10, a black cross below), in
# an untrained layer with windows of 4 and shift 2. **Predict** whom it attends to, with and
# without a mask.

# %%
layer = swin.WindowAttention(32, 2, window=4, shift=2)
x = rng.standard_normal((1, 12, 12, 32)).astype("float32")
_, masked = layer(x, return_weights=True)  # (nW, h, 16, 16): nine windows
cut = windows.window_partition(windows.cyclic_shift(x, 2), 4)  # (nW, 16, 32)
bias = windows.relative_position_bias(layer.bias_table, 4, 4)
_, bare = layer.attention(cut, bias=bias, return_weights=True)
maps = []
for weights in (bare, masked):
    seen = np.zeros((9, 16, 1), "float32")
    seen[8, :, 0] = ops.convert_to_numpy(weights)[8, 0, 0]  # last window, first head and token
    back = windows.cyclic_shift(windows.window_reverse(seen, 4, 12, 12), -2)
    maps.append(np.array(back)[0, :, :, 0])
axes = plots.heatmaps(maps, ["without a mask", "with the mask"], numbers=False,
                      limits=(0, 0.15), row_label="row of the map", column_label="column")
for ax in axes:
    ax.plot(10, 10, "kx")  # the token that asks
plots.show("The weights of one token, drawn on the unshifted map: without a mask, and with it.")

# %% [markdown]
# Drawn where the tokens really are (yellow is 0.15 or more): without a mask, a token at the bottom
# right attends to **all four corners** of the picture. Twelve of its sixteen keys are strangers.
# With the mask it sees its own corner.
#
# Who is a stranger? After the shift some *rows* have gone round, from the top to the bottom, and
# some *columns*, from left to right. Two tokens of a window are true neighbours when the same has
# happened to both.

# %%
may = np.array(windows.shifted_window_mask(12, 12, 4, 2))  # the course's; yours comes next
first = may.argmax(axis=-1)[..., None]  # the first token of its window that each may attend to
kinds = np.unique(windows.window_reverse(first, 4, 12, 12), return_inverse=True)[1]
plots.window_map(kinds.reshape(12, 12), 4, title="after a shift by 2: four kinds of tokens")
plots.show("A map of 12 by 12: most tokens have one colour; the last two columns, the last two "
           "rows, and the corner where they cross have one each. Windows at the right and at the "
           "bottom have two colours, the last one four.")

# %% [markdown]
# ## Exercise: `shifted_window_mask`
#
# *About 25 minutes, difficulty 3.*
#
# Write `shifted_window_mask(height, width, window, shift)`: a boolean array
# $(\text{nW}, M^2, M^2)$ for the map **after** the shift; row is query, `True` means may attend.
# It is `True` if the two stand in the same position to each other before the shift as after it.
#
# One way: number each place by its colour above, cut these numbers into windows, compare.
# `windows.window_partition` wants $(B, H, W, C)$. With a shift of 0 nobody is a stranger.


# %% nbgrader={"grade": false, "grade_id": "shifted_window_mask", "locked": false, "schema_version": 3, "solution": true, "task": false}
def shifted_window_mask(height, width, window, shift):
    """map H by W after the shift -> (nW, M², M²), True: neighbours in the picture."""
    ### BEGIN SOLUTION
    row, column = np.indices((height, width))
    kind = 2 * (row + shift >= height) + (column + shift >= width)  # (H, W)
    kind = windows.window_partition(kind[None, :, :, None], window)[:, :, 0]  # (nW, M²)
    return kind[:, :, None] == kind[:, None, :]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "shifted_window_mask_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("shifted_window_mask", shifted_window_mask)

# %% [markdown]
# ### The masks
#
# Four of the nine windows of our $12 \times 12$ map: one in the middle, one at the right edge, one
# at the bottom, and the corner. They are not in this order. **Which is which?**

# %%
mask = np.array(windows.shifted_window_mask(12, 12, 4, 2))  # (9, 16, 16)
drawn = np.random.default_rng(39).permutation([4, 5, 7, 8])
axes = plots.heatmaps(mask[drawn], ["A", "B", "C", "D"], row_label="query", column_label="key")
for ax in axes:
    ax.set(xticks=range(0, 16, 4), yticks=range(0, 16, 4))
plots.show("Four masks of 16 queries by 16 keys, called A to D. A: two large blocks may attend. B: "
           "in each of these, a checkerboard. C: all. D: a checkerboard of 2 by 2 squares.")

# %% [markdown]
# **C** is the middle: nobody has come round. **D** is the right edge: in every row of the window
# two tokens stayed and two came round, so they alternate. **A** is the bottom: the first two rows
# (8 tokens) stayed, the last two came round. **B** is the corner: both at once, and each token has
# only 4 of 16 left.
#
# All windows have the same shape, so one batched attention computes them all: the mask is the
# whole price of the trick.

# %% [markdown]
# ### Find the bug
#
# One can also number the regions of the shifted map by slices. A numbering of the rows that looks
# sensible:
#
# ```python
# slices = [(0, H // 2), (H // 2, H - shift), (H - shift, H)]
# ```
#
# and the same for columns. On maps of $14 \times 14$ and $28 \times 28$ with $M = 7$ it is right.
# **Predict** on which sizes it is not.

# %%
def pairs_lost(height, width, window, shift):
    """The share of true neighbours that this numbering keeps apart."""
    row, column = np.indices((height, width))
    region = 3 * (1 * (row >= height // 2) + (row >= height - shift))
    region += 1 * (column >= width // 2) + (column >= width - shift)
    region = np.array(windows.window_partition(region[None, :, :, None], window))[:, :, 0]
    theirs = region[:, :, None] == region[:, None, :]
    right = np.array(windows.shifted_window_mask(height, width, window, shift))
    return (right & ~theirs).sum() / right.sum()


for side in range(14, 50, 7):
    print(f"{side} x {side}: {pairs_lost(side, side, 7, 3):.0%} of all pairs are lost")

# %% [markdown]
# <details><summary>What is wrong?</summary>The authors of Swin begin a region at H − M, where the
# last window begins. Here it begins at H // 2. With an even number of windows, the middle of the
# map is a wall anyway. With an odd number it goes through a window: neighbours there cannot see
# each other, and no error tells.</details>
#
# Another one: to draw Swin's attention, people compute the weights anew, from queries and keys, and
# forget the mask. You have seen what comes out: four bright corners, and a story about "global
# context". There is none in one layer.

# %% [markdown]
# ## A whole layer
#
# You have every part of Swin's attention now. Seven steps, from a map to a map. In the middle it is
# the attention of notebook 2, on more and shorter sequences. Two things of yours come in from
# above: which pairs may meet, and what their offset is worth.

# %%
row = {
    "x": "B, H, W, C", "cyclic_shift": "B, H, W, C", "window_partition": "B·nW, A, C",
    "query, key, value,\nsplit_heads": "B·nW, h, A, d", "attention_scores": "B·nW, h, A, A",
    "softmax, mix,\nmerge_heads": "B·nW, A, C", "output,\nwindow_reverse": "B, H, W, C",
    "cyclic_shift\nback": "B, H, W, C",
}  # fmt: skip
boxes = {name: (1.5 * place, 0, shape) for place, (name, shape) in enumerate(row.items())}
bias = "relative_position_index:\nbias (h, A, A), added"
hide = "shifted_window_mask:\n(nW, A, A), hides"
boxes |= {bias: (5.2, 1.2, ""), hide: (7.8, 1.2, "")}
arrows = [list(row), [bias, "attention_scores"], [hide, "softmax, mix,\nmerge_heads"]]
plots.plan(boxes, arrows, figsize=(12, 2.6))
plots.show("Eight boxes in a row, from x by way of cyclic_shift, window_partition, heads, scores, "
           "mixing and window_reverse to the shift back; bias and mask come from above.")

# %% [markdown]
# The dictionary `params`, for $C$ channels and $h$ heads:
#
# | name | what it holds |
# |---|---|
# | `"query"`, `"key"`, `"value"`, `"output"` | `(kernel, bias)`, $(C, C)$ and $(C)$, as in notebook 2 |
# | `"bias_table"` | $((2M - 1)^2, h)$: a row for each offset, a column for each head |

# %% [markdown]
# ## Exercise: `window_attention`
#
# *About 30 minutes, difficulty 3.*
#
# Write `window_attention(x, params, window, shift, num_heads)`: a map $(B, H, W, C)$ becomes a map
# $(B, H, W, C)$, shifted, cut, attended, put together, and shifted back. $M$ divides $H$ and $W$. A
# shift of 0 means windows that stay.
#
# Take your own functions of this notebook, and those below. `ops.take(table, index, axis=0)` looks
# up rows. Count your windows: how many masks are there, and how many windows?
#
# When it passes, a trained Swin will run on it.

# %%
from course_utils.reference.attention import attention_scores, softmax
from course_utils.reference.multi_head_attention import merge_heads, split_heads
from course_utils.reference.plain_vit import dense

# dense(x, kernel, bias) is x @ kernel + bias; attention_scores divides by √d.


# %% nbgrader={"grade": false, "grade_id": "window_attention", "locked": false, "schema_version": 3, "solution": true, "task": false}
def window_attention(x, params, window, shift, num_heads):
    """x (B, H, W, C), params: the dictionary above -> (B, H, W, C)."""
    ### BEGIN SOLUTION
    B, H, W, C = x.shape
    cut = window_partition(cyclic_shift(x, shift), window)  # (B·nW, A, C)
    query, key, value = (
        split_heads(dense(cut, *params[role]), num_heads) for role in ("query", "key", "value")
    )  # (B·nW, h, A, d)
    index = relative_position_index(window, window)
    bias = ops.transpose(ops.take(params["bias_table"], index, axis=0), (2, 0, 1))  # (h, A, A)
    mask = shifted_window_mask(H, W, window, shift)  # (nW, A, A)
    mask = ops.tile(mask, (B, 1, 1))[:, None]  # (B·nW, 1, A, A)
    weights = softmax(ops.where(mask, attention_scores(query, key) + bias, -1e9))
    mixed = merge_heads(ops.matmul(weights, value))  # (B·nW, A, C)
    cut = dense(mixed, *params["output"])
    return cyclic_shift(window_reverse(cut, window, H, W), -shift)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "window_attention_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("window_attention", window_attention)

# %% [markdown]
# ### Find the bug
#
# A mask for each window of a map, $(\text{nW}, A, A)$, meets the windows of a whole batch: scores
# $(B \cdot \text{nW}, h, A, A)$. Two students bring it to the right length:
#
# ```python
# mask = np.tile(mask, (B, 1, 1))    # one
# mask = np.repeat(mask, B, axis=0)  # the other
# ```
#
# Both get $(B \cdot \text{nW}, A, A)$, and no error. Both tried it on a picture. Which one has a
# bug?

# %%
mask = np.array(windows.shifted_window_mask(8, 8, 4, 2))  # (4, 16, 16)
for B in [1, 2, 8]:
    tiled, repeated = np.tile(mask, (B, 1, 1)), np.repeat(mask, B, axis=0)
    differ = (tiled != repeated).any(axis=(1, 2))  # (B·nW,)
    print(f"{B} images: {differ.sum()} of {4 * B} windows get another mask")
print("tile  ", np.tile(["A", "B", "C", "D"], 3), "\nrepeat", np.repeat(["A", "B", "C", "D"], 3))

# %% [markdown]
# <details><summary>Answer</summary>repeat. The windows stand image by image, as window_partition
# gives them: A B C D, then A B C D of the next picture. So the masks must stand like that too. With
# a single picture both are the same, so trying it on one shows nothing.</details>
#
# What would you notice? There is no error, and every shape is right. But the answer for a picture
# now depends on *how many others* are in its batch. That makes a good test for every model: one
# picture alone, and the same picture in company.

# %% [markdown]
# ### The same things elsewhere
#
# Whoever opens the paper, or `timm` (we looked into version 1.0.31), meets them by these names:
#
# | here | in the paper | in timm |
# |---|---|---|
# | `window_attention`, shift 0 | W-MSA | `WindowAttention`, in a `SwinTransformerBlock` |
# | … shift $M / 2$, rounded down | SW-MSA | the same, with a `shift_size` |
# | `window_partition`, `window_reverse` | window partition | the same names, but $(B \cdot \text{nW}, M, M, C)$ |
# | `cyclic_shift` | cyclic shift | `torch.roll` |
# | `shifted_window_mask` | masked MSA | `get_attn_mask`: 0 and −100, to be added |
# | `relative_position_index` | | `get_relative_position_index` |
# | `"bias_table"` | $\hat B$ | `relative_position_bias_table` |
# | `merge_patches`, Dense | patch merging | `PatchMerging` |
# | a stage | stage | `SwinTransformerStage` |

# %% [markdown]
# ## The pyramid
#
# One idea is left. A photo has small things and large things. Swin begins with small tokens, and
# from stage to stage it joins each two by two of them into one: half the rows, half the columns,
# and twice the features. The window stays $7 \times 7$ *tokens*, so it covers more and more of the
# picture.

# %%
_, axes = pyplot.subplots(1, 4, figsize=(10.5, 3), layout="constrained")
for stage, ax in enumerate(axes):
    side = 4 * 2**stage  # of a token, in pixels
    tokens = 224 // side
    ax.imshow(average_pool(photo, side))
    plots.outline(ax, tokens, tokens, 7)
    ax.set(title=f"stage {stage + 1}: {tokens} × {tokens} tokens", xticks=[], yticks=[])
plots.show("The portrait in tokens of 4, 8, 16 and 32 pixels, with the windows of 7 by 7 tokens: "
           "64 of them, 16, 4, and in the last stage one for the whole picture.")

# %% [markdown]
# (Each token is drawn as the mean colour of its pixels. A real token has 96 numbers in the first
# stage and 768 in the last.) In the last stage one window is the whole picture: there, Swin *is* a
# ViT, on 49 tokens.
#
# How do four tokens become one? Their features are laid behind one another, $4C$ of them, and a
# Dense layer brings them down to $2C$. Nothing is averaged away before the model has had a say.

# %% [markdown]
# ## Exercise: `merge_patches`
#
# *About 10 minutes, difficulty 2.*
#
# Write `merge_patches(x)`: $(B, H, W, C)$ becomes $(B, H/2, W/2, 4C)$. Of each square of two by two
# tokens come first the features of $(0, 0)$, then $(1, 0)$, then $(0, 1)$, then $(1, 1)$, as (row,
# column) in the square: *down first*. The published weights expect this order.
#
# With an odd $H$ or $W$ there are no whole squares at the edge: then refuse, with an error (the
# course's own is a `ValueError` that names both).


# %% nbgrader={"grade": false, "grade_id": "merge_patches", "locked": false, "schema_version": 3, "solution": true, "task": false}
def merge_patches(x):
    """x (B, H, W, C) -> (B, H/2, W/2, 4C); an error when H or W is odd."""
    ### BEGIN SOLUTION
    if x.shape[1] % 2 or x.shape[2] % 2:
        raise ValueError(f"{x.shape[1]} by {x.shape[2]} tokens have no whole squares of 2 by 2")
    parts = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
    return ops.concatenate(parts, axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "merge_patches_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("merge_patches", merge_patches)

# %% [markdown]
# ### A stage
#
# Merging, then blocks in pairs: one with its walls in place, one with its walls moved. Each block
# is that of notebook 4, with `window_attention` for the attention. The arcs are the residual paths.

# %%
half = "B, H/2, W/2, 2C"
boxes = {
    "x": (0, 0, "B, H, W, C"), "merge_patches": (1.5, 0, "B, H/2, W/2, 4C"),
    "norm,\nDense": (3, 0, half), "norm,\nwindow_attention\nshift 0": (5, 0, half),
    "norm,\nMLP": (6.8, 0, half), "norm,\nwindow_attention\nshift M // 2": (9, 0, half),
    "norm,\nMLP ": (10.8, 0, half), "the next\npair, or stage": (12.6, 0, ""),
}  # fmt: skip
ax = plots.plan(boxes, [list(boxes)], figsize=(12, 1.9))
for left, right in [(3.9, 6.05), (6.05, 7.5), (7.5, 10.05), (10.05, 11.5)]:
    bow = f"arc3,rad={-1 / (right - left)}"
    style = {"arrowstyle": "->", "color": plots.BLUE, "connectionstyle": bow}
    ax.annotate("", (right, 0.05), (left, 0.05), arrowprops=style)
    ax.text(right, 0, "+", color=plots.BLUE, size=13, ha="center", va="center")
ax.text(5.7, 0.55, "W-MSA block", color=plots.BLUE, ha="center")
ax.text(9.6, 0.55, "SW-MSA block", color=plots.BLUE, ha="center")
ax.set_ylim(-0.5, 0.7)
plots.show("A row of boxes: x, merge_patches, norm and Dense; then a W-MSA block and an SW-MSA "
           "block, each window_attention and an MLP behind norms, with residual paths around both.")

# %% [markdown]
# ### The whole thing
#
# `swin.swin_transformer` puts it together: patches, four stages (the first has nothing to merge),
# and the mean over the last map. Its sizes are a small dataclass. The paper's *Tiny*:

# %%
config = swin.VARIANTS["tiny"]
tiny = swin.swin_transformer(config)
print(config)
for layer in tiny.layers:
    if layer.name.startswith(("patch", "merge", "block_11", "pool", "head")):
        output = layer.output[0] if isinstance(layer.output, (tuple, list)) else layer.output
        print(f"{layer.name:16} {str(output.shape):22} {layer.count_params():>10,} parameters")
print(f"{tiny.count_params():,} parameters")

# %% [markdown]
# 28,288,354: the number of the published model, to the digit. No array of weights depends on the
# image size: tables and kernels are the same for a postcard and for a poster. (Whether they serve
# both is another question. We come to it.)

# %% [markdown]
# ### ViT against Swin
#
# Now whole models can be compared. ViT-S/16 ($D = 384$, 12 blocks) and Swin-T (the *tiny* above)
# are about equally large. But Swin starts with 16 times as many tokens! Small pictures, large
# pictures: **predict** for which sizes Swin is the cheaper one.

# %%
def block_cost(side, dim, window=None):
    """One block on a square map: attention, and an MLP four times as wide."""
    return windows.attention_cost(side, side, dim, window) + 8 * side**2 * dim**2


def vit_small(pixels):
    return 12 * block_cost(pixels / 16, 384)


def swin_tiny(pixels):
    stages = enumerate([2, 2, 6, 2])  # blocks; each stage has half the side and twice the width
    return sum(blocks * block_cost(pixels / 4 / 2**i, 96 * 2**i, 7) for i, blocks in stages)


print(f"at 224 pixels: ViT {vit_small(224) / 1e9:.1f}, Swin {swin_tiny(224) / 1e9:.1f} (in 10⁹)")

# %% [markdown]
# (Windows are taken to fit, and the few multiplications of patches, merging and head are left
# out.) From 64 to 1,024 pixels:

# %%
pixels = np.arange(64, 1025)
_, axes = pyplot.subplots(figsize=(5.5, 3), layout="constrained")
for model, name, style in [(vit_small, "ViT-S/16", "-"), (swin_tiny, "Swin-T", "--")]:
    axes.plot(pixels, [model(p) / p**2 / 1000 for p in pixels], style, label=name)
axes.set(xlabel="side of the image, pixels", ylabel="thousand multiplications a pixel",
         ylim=(0, None), xticks=[64, 224, 384, 512, 1024])
axes.legend(frameon=False)
crossing = next(p for p in pixels if swin_tiny(p) < vit_small(p))
plots.show("Multiplications for each pixel against image size, a line for each of the two models.")
print(f"Swin is cheaper from {crossing} pixels on;",
      f"at 1,024 ViT costs {vit_small(1024) / swin_tiny(1024):.1f} times as much.")

# %% [markdown]
# ViT is the cheaper one only for small pictures, below 141 pixels, and then by less than 3 %: too
# little to see in the plot. At the usual 224 the two are still about equal, though Swin starts with
# sixteen times as many tokens.
#
# Divided by the number of pixels, *linear* is a flat line: with Swin, a pixel has one price, in a
# postcard and in a poster. With ViT a pixel costs more, the more others there are. For large
# pictures (a street, an X-ray, a map) that price runs away.

# %% [markdown]
# ## Does the wall matter?
#
# `scenes` have a task made for this notebook: *same*. Two shapes, each in its own quarter of the
# picture: are they of **one colour**? With patches of $4 \times 4$ pixels the map is $8 \times 8$,
# and windows of $4 \times 4$ are exactly the quarters. The shapes stand on different sides of the
# wall.

# %%
scenes = load("scenes", task="same", size=10_000)  # of which we train on 5,000
labels = scenes.train.labels[:5_000]
images, test_images = scale(scenes.train.images[:5_000]), scale(scenes.test.images)  # -1 to 1
_, axes = pyplot.subplots(1, 6, figsize=(10, 2), layout="constrained")
for ax, image, label in zip(axes, *scenes.test):
    ax.imshow(image)
    plots.outline(ax, 32, 32, 16)
    ax.set(title=scenes.class_names[label], xticks=[], yticks=[])
plots.show("Six small pictures with two shapes each, in different quarters, titled same colour or "
           "different colours; black lines show the windows.")

# %% [markdown]
# Two models, with the same number of parameters:
#
# - **windows**: four blocks, no shift
# - **shifted**: four blocks, the second and the fourth shifted by 2
#
# Each ends with the mean over its tokens and a Dense layer. So even the first can add up votes
# from all quarters. **Predict** both accuracies; chance is 50 %.


# %%
def four_blocks(shifts, side=32, patch=4):
    """Patches, a block for each shift, the mean over all tokens, two scores."""
    images = keras.Input((side, side, 3))
    x = swin.PatchEmbedding(patch, 32)(images)  # (B, 8, 8, 32)
    for shift in shifts:
        x = swin.SwinBlock(32, 4, window=4, mlp_dim=64, shift=shift)(x)
    x = layers.GlobalAveragePooling2D()(layers.LayerNormalization()(x))
    return keras.Model(images, layers.Dense(2)(x))


for shifts in [[0, 0, 0, 0], [0, 2, 0, 2]]:
    print(f"shifts {shifts}: {four_blocks(shifts).count_params():,} parameters")

# %% [markdown]
# The training is the same for both, and that of notebook 4: AdamW, a warm-up, a cosine.

# %%
from course_utils.training.classifier import train_classifier

settings = {"epochs": 7, "peak": 0.003, "batch_size": 64}


def right_share(model, images):
    """The share of right answers on the test scenes."""
    scores = ops.convert_to_numpy(model(images, training=False))
    return (scores.argmax(axis=-1) == scenes.test.labels).mean()


print(f"untrained: {right_share(four_blocks([0, 2, 0, 2]), test_images):.0%} right")

# %% [markdown]
# Seven passes over 5,000 pictures take less than a minute. First without the shift:

# %% tags=["nbval-ignore-output"]
models = {"windows": four_blocks([0, 0, 0, 0])}
train_classifier(models["windows"], images, labels, **settings)
print(f"windows alone: {right_share(models['windows'], test_images):.1%} right")

# %% [markdown]
# Chance. It can see the colour of each shape, but "both are red" needs *one* place where both are
# known, and there is none: the mean at the end only adds up.
#
# (Adding up votes could do better than chance, but reach 75 % at most; training found nothing of
# it.)
#
# Now with a shift in two of the four blocks:

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(5)
models["shifted"] = four_blocks([0, 2, 0, 2])
train_classifier(models["shifted"], images, labels, **settings)
found = [right_share(model, test_images) for model in models.values()]
plots.bars(found, list(models), title="same colour? right answers")
pyplot.ylim(0, 1.1)
plots.show("Two bars: the share of right answers of windows alone, and of shifted windows.")

# %% [markdown]
# Nearly every answer is right. The price: a `roll` and a mask, and not one parameter more.
#
# (Is it luck? A little. We tried six other sets of first weights, with one pass less. Five came to
# 97 % or more. The sixth had 71 %; given its seventh pass, it had more than 99 %. A model takes
# some time to find out. The windows alone never left chance.)

# %% [markdown]
# ### Your own Swin
#
# What trained just now were Keras layers of the course. Here is a whole Swin in two functions,
# without a layer in it. Look where the work is done: by `window_attention`, and between stages by
# `merge_patches`. The rest is a norm, an MLP, and two sums.

# %%
from course_utils.reference.transformer import gelu, layer_norm

window_attention = yours_or_ours("window_attention", window_attention)
merge_patches = yours_or_ours("merge_patches", merge_patches)


def swin_block(x, block, window, shift):
    """A pre-norm block on a map: x (B, H, W, C) -> (B, H, W, C)."""
    if min(x.shape[1:3]) <= window:
        shift = 0  # one window is the whole map: there is no wall to move
    params, (wide, narrow) = block["attention"], block["mlp"]
    heads = params["bias_table"].shape[1]
    normed = layer_norm(x, *block["norm1"], 1e-5)
    x = x + window_attention(normed, params, window, shift, heads)
    return x + dense(gelu(dense(layer_norm(x, *block["norm2"], 1e-5), *wide)), *narrow)


# %% [markdown]
# And the model. `weights["stages"]` is a list: each stage has `"blocks"`, and all but the first
# have a `"merge"`, a norm and a kernel $(4C, 2C)$.


# %%
def swin_logits(images, weights, window, shift):
    """images (B, H, W, C) from -1 to 1 -> logits (B, K); every second block is shifted."""
    kernel, bias = weights["patch_embedding"]  # (P, P, C, D): a convolution in steps of P
    x = ops.conv(ops.convert_to_tensor(images), kernel, strides=kernel.shape[0]) + bias
    x = layer_norm(x, *weights["patch_norm"], 1e-5)  # (B, H/P, W/P, D)
    for stage in weights["stages"]:
        if "merge" in stage:
            norm, kernel = stage["merge"]
            x = ops.matmul(layer_norm(merge_patches(x), *norm, 1e-5), kernel)
        for number, block in enumerate(stage["blocks"]):
            x = swin_block(x, block, window, shift * (number % 2))
    x = layer_norm(x, *weights["norm"], 1e-5)
    return dense(ops.mean(x, axis=(1, 2)), *weights["head"])


# %% [markdown]
# The weights come with the course: `course train swin --data scenes --task same --recipe plain`
# made them in a minute and a half, from 10,000 scenes. One stage of four blocks, windows of 4, as
# above. They know nothing of the 1,000 test scenes.
#
# **Predict** three numbers: how often is the Keras model right that the weights come from? How
# often your function? And your function with the *same weights* but a shift of 0, so that the walls
# stay where they are?

# %% tags=["nbval-ignore-output"]
from course_utils.reference.plain_swin import swin_weights
from course_utils.training import trained

trained_model, answers = trained.load_trained("swin-scenes")
weights = swin_weights(trained_model)
keras_own = trained_model.predict(test_images, verbose=0)
mine = np.asarray(swin_logits(test_images, weights, 4, 2))
walls = np.asarray(swin_logits(test_images, weights, 4, 0))
agree = np.abs(mine - keras_own).max() < 1e-4 * np.abs(keras_own).max()
print(f"logits agree to 1e-4: {agree}")
found = [(scores.argmax(-1) == scenes.test.labels).mean() for scores in (keras_own, mine, walls)]
names = ["Keras model", "your function", "… and no shift"]
_, ax = pyplot.subplots(figsize=(4.6, 2.8), layout="constrained")
plots.bars(found, names, title="same colour? right answers", ax=ax)
ax.set_ylim(0, 1.1)
plots.show("Three bars: the share of right answers of the Keras model, of the function, and of the "
           "function without shift.")

# %% [markdown]
# Six of the scenes, with the answer of your function, and below it the one with walls that stay:

# %%
_, axes = pyplot.subplots(1, 6, figsize=(11, 2.5), layout="constrained")
for ax, image, *scores in zip(axes, scenes.test.images, mine, walls):
    with_shift, without = (answers[score.argmax()] for score in scores)
    ax.imshow(image)
    plots.outline(ax, 32, 32, 16)
    ax.set_title(f"{with_shift}\nwalls: {without}", size=9)
    ax.set(xticks=[], yticks=[])
plots.show("Six scenes, each titled with the answer of the function, and with its answer when the "
           "walls stay.")

# %% [markdown]
# The Keras model and your function are right equally often (1.00 is rounded: a scene or two may be
# wrong), and their logits agree: there is nothing in the Keras model that your function lacks. With
# the walls back, these very weights say *same colour* of every picture. What they have learned is
# worth something only where news gets over the wall.
#
# The mask counts, too. We tried two mistakes with these weights. Without a mask, the function is
# right in 87.5 % of the scenes. With `repeat` instead of `tile`, it is right in 99.9 % when they
# come one by one, and in 62 % when they come in one batch.

# %% [markdown]
# ### Quick question
#
# Would **merging** alone have done it: two blocks, merging, two blocks, and no shift at all?
#
# <details><summary>A: no, windows stay windows</summary>Windows stay 4 × 4 <em>tokens</em>. But
# after merging the map is 4 × 4, so the window is the whole picture.</details>
# <details><summary>B: yes, here it would</summary>Yes. We tried it twice, and of 2,000
# answers one was wrong. On our small map one merging removes all walls.</details>
# <details><summary>C: yes, and so it would in Swin-T</summary>Not as well. In Swin-T the walls
# fall only in the last stage, after ten of twelve blocks. The paper took the shift away and lost
# in every task it measured (its table 4).</details>

# %% [markdown]
# ### What is in the table?
#
# Here are the tables of relative positions of the *shifted* model, for its first two blocks. There
# is one for each of four heads: $7 \times 7$ offsets, $(0, 0)$ in the middle. (Offset is query
# minus key: a key above the query has a positive offset down.)
#
# **Predict**: block 1 stays inside its walls, block 2 is the first to cross them. Which one is to
# look near, and which one far?

# %% tags=["nbval-ignore-output"]
blocks = [layer for layer in models["shifted"].layers if "block" in layer.name][:2]
tables = [ops.convert_to_numpy(b.attention.bias_table).reshape(7, 7, 4) for b in blocks]
limit, offsets = max(np.abs(table).max() for table in tables), range(-3, 4)
for number, table in enumerate(tables, start=1):
    plots.heatmaps(np.moveaxis(table, 2, 0), [f"block {number}, head {head}" for head in range(4)],
                   rows=offsets, columns=offsets, row_label="offset (top: key below)",
                   column_label="offset (left: key right)", numbers=False, limits=(-limit, limit))
    plots.show(f"The tables of block {number}: for each of four heads 7 by 7 offsets, in colours.")

# %% [markdown]
# Bright is "look there", dark is "look away". Nobody told it anything, and it has divided the work.
# In block 1 it is mostly brighter round the middle than at the rim: the heads look *near*, and
# collect one shape. Block 2 is the first that sees across the wall. Its middle is dark and most
# corners are bright: it looks *far*, at the other shape. (With other first weights, the tables
# differ.)

# %% [markdown]
# ## Published weights
#
# Our Swin is the published architecture, so it takes the published weights. (The course's tests
# hold it against an independent implementation, logit for logit.) Loading them takes a network and
# 113 MB, so the cell below does it by itself only on the full path. **Write `DOWNLOAD = True`** to
# have it here; a CPU is enough. Nothing later depends on it.

# %% tags=["nbval-ignore-output"]
from course_utils.errors import CourseError
from course_utils.training.official import load_official

DOWNLOAD = not FAST
try:
    if not DOWNLOAD:
        raise CourseError("DOWNLOAD is False.")
    official = load_official("microsoft/swin-tiny-patch4-window7-224")
    for name, chance in official.top((255 * photo).astype("uint8"), k=3):
        print(f"{chance:6.1%}  {name}")
    pixels = official.preprocess((255 * photo).astype("uint8"))
    logits = swin_logits(pixels, swin_weights(official.model), 7, 3)
    print("your function's favourite:", official.class_names[int(np.argmax(logits))])
except CourseError as reason:
    print("Published weights not used:", reason)

# %% [markdown]
# ## Why 52 %?
#
# One of the lessons from which this course grew takes these weights, gives them CIFAR-100, trains
# on for ten epochs (AdamW, batches of 128), and prints **52.1 %** right. The OpenMixup benchmark
# (S. Li and others, 2022) lists 81 % for the same architecture, trained *from scratch* for 200
# epochs, with pictures enlarged to 224 pixels.
#
# What happened? CIFAR's pictures have 32 pixels a side, and in that lesson they went into the model
# *as they are*. It runs: no weight depends on the size. **Predict** what the maps of the four
# stages look like. (`fit_window` is how published models choose: on a map no larger than a window,
# the window is the map, and nothing is shifted.)

# %%
for pixels in [224, 32]:
    print(f"{pixels} pixels:")
    for stage in range(4):
        side = pixels // (4 * 2**stage)
        window, shift = windows.fit_window(side, side, 7, 3)
        padded = -(-side // window) * window
        print(f"   stage {stage + 1}: {side:2} x {side:2} tokens in windows of {window}, shift "
              f"{shift}; with padding {padded} x {padded}")

# %% [markdown]
# In the first stage an $8 \times 8$ map must be padded to $14 \times 14$ for windows of 7: two
# thirds of what is computed is padding. Then $4 \times 4$ and $2 \times 2$ tokens. And in the last
# stage there is **one token**, in a window of one. It can attend to itself. Two blocks with half
# of all parameters, trained to compare 49 parts of a photo, have nothing to compare.
#
# Besides, what used to be the edge of a dog's ear is now a whole dog. Every kernel looks at things
# seven times too small.

# %% [markdown]
# ### Padded keys
#
# There is worse in that first stage. The padding is zeros, and nobody hides it (`timm` 1.0.31
# does not, nor does our Swin unless it is told to). Its
# four windows hold 49, 7, 7 and 1 real tokens. **Predict**: how much of its attention does a real
# token give to padding, in each of them?

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(5)
x = rng.standard_normal((1, 8, 8, 32)).astype("float32")
ones = windows.pad_to_multiple(np.ones((1, 8, 8, 1), "float32"), 7)  # (1, 14, 14, 1)
real = np.array(windows.window_partition(ones, 7))[:, :, 0] > 0  # (4, 49)
for mask_padding in [False, True]:
    layer = swin.WindowAttention(32, 2, window=7, mask_padding=mask_padding)  # untrained
    _, weights = layer(x, return_weights=True)  # (4, h, 49, 49)
    lost = [w[:, here][..., ~here].sum(-1).mean() for w, here in zip(np.array(weights), real)]
    print("masked:    " if mask_padding else "not masked:", [f"{share:.0%}" for share in lost])

# %% [markdown]
# Nearly all of it, where nearly all is padding. A token of zeros has the score 0 (or what biases
# make of it), and 0 is not $-\infty$: it is a key like any other. The last window's only real token
# mixes itself with 48 zeros.
#
# A trained model can learn to live with that, if it has seen padding in training. This one, trained
# on $56 \times 56$ tokens, has never met any. `mask_padding=True` hides it.

# %% [markdown]
# ### In small
#
# Our *shifted* model is trained for pictures of 32 pixels. Feed it the same scenes with 16 pixels a
# side: once as they are, once enlarged to what it knows (each pixel four times), and once with
# *finer patches*: the kernel of the patch embedding shrunk to $2 \times 2$ pixels, so that the map
# is $8 \times 8$ again. **No training.** Predict three numbers.


# %%
def at_half_size(patch):
    """The shifted model for pictures of 16 pixels, with its own patches or with finer ones."""
    model = four_blocks([0, 2, 0, 2], side=16, patch=patch)
    for new, value in zip(model.weights, models["shifted"].get_weights()):
        if new.shape != value.shape:  # the patch kernel, (4, 4, 3, D): add up each 2 by 2
            value = value.reshape(2, 2, 2, 2, 3, -1).sum(axis=(1, 3))
        new.assign(value)
    return model


tiny_images = average_pool(test_images, 2)  # (B, 16, 16, 3)
as_it_is, fine_patches = at_half_size(4), at_half_size(2)
print("maps:", as_it_is.layers[1].output.shape[1:], "and", fine_patches.layers[1].output.shape[1:])

# %% [markdown]
# And the share of right answers:

# %% tags=["nbval-ignore-output"]
ways = {
    "32 px": right_share(models["shifted"], test_images),
    "16 px": right_share(as_it_is, tiny_images),
    "enlarged": right_share(models["shifted"], tiny_images.repeat(2, axis=1).repeat(2, axis=2)),
    "fine patches": right_share(fine_patches, tiny_images),
}
_, ax = pyplot.subplots(figsize=(4.6, 2.8), layout="constrained")
plots.bars(list(ways.values()), list(ways), title="right answers, no further training", ax=ax)
ax.set_ylim(0, 1.1)
plots.show("Bars of right answers: for 32 pixels, for 16 pixels as they are, for enlarged "
           "pictures, and for finer patches.")

# %% [markdown]
# As they are, most of what it could do is gone (chance is 50 %). Enlarged, or with finer patches,
# it is as good as before, though all three see the same 16 pixels. The information was there all
# the time, at a *size* the model did not know.
#
# But that lesson fine-tuned! So do we: one pass over 2,000 scenes, for the pictures as they
# are. **Predict** how much of the gap it closes.

# %% tags=["nbval-ignore-output"]
tiny_train = average_pool(images[:2_000], 2)
train_classifier(as_it_is, tiny_train, labels[:2_000], epochs=1, peak=0.001, batch_size=64)
print(f"before {ways['16 px']:.0%}, after {right_share(as_it_is, tiny_images):.0%};",
      f"enlarged, without any of it: {ways['enlarged']:.0%}")

# %% [markdown]
# It closes part of the gap, by learning what it would not have had to learn at all. (Our gap is
# small: the last map still has 16 tokens, not one.) Fine-tuning is for what is *new* in your task,
# not for a size that one line of code can mend.
#
# What to do with small pictures and a large model: **enlarge them** to the size it was trained on.
# From 32 to 224 pixels that is 49 times the tokens. Or take something in between that leaves every
# stage more than one window, or give it **finer patches**. And always print the shapes.

# %% [markdown]
# ## On a GPU
#
# With `FAST = False` this trains the course's Swin for CIFAR-100: $8 \times 8$ tokens and windows
# of 4, made for 32 pixels, 30 passes with strong augmentation. (CIFAR-100 is
# downloaded once, 160 MB.) `FAST = True` in the first cell leaves it out, on any machine.

# %% tags=["nbval-ignore-output"]
if FAST:
    print("Skipped: no GPU here, or FAST was set to True.")
else:
    from course_utils.training import recipes
    from course_utils.training.fit import fit

    size, recipe = recipes.find("swin", "course").config, recipes.find("vit", "gpu").recipe
    size = dataclasses.replace(size, dim=96, depths=(2, 4), num_heads=(3, 6), drop_path=0.1)
    run = fit(size, load("cifar100"), recipe, "runs/notebook-05-swin")
    print(run.result)

# %% [markdown]
# ## In your own words
#
# *About 15 minutes. A person reads this one, not a check. 3 points.*
#
# A colleague counts cells in microscope pictures of $2000 \times 2000$ pixels. "Swin is cheap
# because of its windows, so I use only windows, without the shift, and no merging either: I want
# full resolution." Answer in five to eight sentences.
#
# - 1 point: what is true about the cost (linear in what? compared with what?)
# - 1 point: what a model of windows alone cannot do, with a measurement from this notebook
# - 1 point: what shift and merging each add, and what they cost

# %% [markdown] nbgrader={"grade": true, "grade_id": "windows_answer", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# It is true that attention in windows is cheap: its cost grows linearly with the number of tokens,
# since each meets only the tokens of its window, while attention of all with all grows with the
# square. At 2,000 pixels that decides whether it can be computed at all. But in a model of windows
# alone, tokens of different windows never meet, in however many layers: when we changed one pixel,
# only its own window ever noticed. In the task "same colour?" such a model stayed at chance (about
# 50 %), and a cell that lies on a wall is cut into two halves that know nothing of each other.
# Shifting every second layer by half a window cured it (about 99 %) at the price of a roll and a
# mask, without one parameter more. Merging makes windows cover more of the picture in later
# stages, at a quarter of the tokens each time, for one Dense layer; it loses resolution, so for
# fine outlines one also keeps the early maps.
#
# *Rubric: one point for each of the three lines in the question; half a point where the right
# idea has no measurement.*

# %% [markdown]
# ## What you have now
#
# | idea | function | shape of the result |
# |---|---|---|
# | small sequences | `window_partition` | $(B \cdot \text{nW}, M^2, C)$ |
# | and back | `window_reverse` | $(B, H, W, C)$ |
# | linear in pixels | `attention_cost` | a number |
# | offsets, not places | `relative_position_index` | $(A, A)$ |
# | move the walls | `cyclic_shift` | $(B, H, W, C)$ |
# | hide the strangers | `shifted_window_mask` | $(\text{nW}, M^2, M^2)$ |
# | the whole layer | `window_attention` | $(B, H, W, C)$ |
# | the pyramid | `merge_patches` | $(B, H/2, W/2, 4C)$ |

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## What we left out
#
# *Swin V2*: cosine instead of dot products, norms behind the layers, and a small network in place
# of the table, so that windows can grow. *Detection and segmentation*, which use the maps of all
# four stages: the reason why Swin was built. *ConvNeXt*, a convolutional network with Swin's
# recipe and pyramid, about as good: how much was attention, and how much was the recipe?
#
# **Next: notebook 6, the Perceiver.** It makes attention cheap in another way, without windows and
# without a grid.

# %% [markdown]
# ## To read on
#
# - Z. Liu and others, *Swin Transformer: Hierarchical Vision Transformer using Shifted Windows*,
#   2021: section 3 is this notebook; table 4 has the ablations.
# - Z. Liu and others, *Swin Transformer V2*, 2022.
# - Z. Liu and others, *A ConvNet for the 2020s* (ConvNeXt), 2022.
# - P. Shaw and others, *Self-Attention with Relative Position Representations*, 2018: offsets in
#   the scores, for text.
