# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · Attention: from one softmax up
#
# **You will**
#
# - build attention yourself, in five small functions, and know what every number in it does
# - see why scores are divided by $\sqrt{d}$, and what a mask hides
# - find out what attention cannot know, and write the test that shows it
#
# **You need** Python, a little NumPy, and what a matrix product is. No machine learning yet.
#
# **Time**: two to three hours for you; the machine needs less than a minute, without a GPU.

# %% [markdown]
# ## How to use this notebook
#
# Read, run each cell with Shift+Enter, and fill in the cells that say `YOUR CODE HERE`.
# After each of them comes a `check`. It says what already holds, and if it knows your mistake,
# it names it. Stuck? `hint("softmax")` gives one hint each time you call it.
#
# Later cells never need your answers: they use the course's own versions, in
# `attention`. So skip what you like, and come back.

# %%
import numpy as np

from matplotlib import cbook, pyplot

from course_utils import plots
from course_utils.exercises import check, hint, progress  # loads Keras: a few seconds
from course_utils.reference import attention

import keras
from keras import ops

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% [markdown]
# ## Letters we use
#
# The same letters stand for the same things in the text, in the formulas and in the code, all
# through the course.
#
# | letter | meaning |
# |---|---|
# | $B$ | sequences (or images) in a batch |
# | $N$ | tokens in a sequence (words, patches of a picture …); $N_q$ queries, $N_k$ keys |
# | $d$ | width of a query and of a key |
# | $d_v$ | width of a value |
# | $(\dots, N, d)$ | a shape; the dots are any axes in front |

# %% [markdown]
# ## A soft dictionary
#
# A Python dictionary is strict. Ask `colours["lemon"]` and you get yellow; ask for "something
# sour and crunchy" and you get a `KeyError`.
#
# Attention is a dictionary that never refuses. You ask with a **query**. It compares the query
# with every **key**, and hands you a mixture of all the **values**, with more of those whose
# keys fit better.
#
# Three fruits, four features (sweet, sour, soft, crunchy), and a colour as the value:

# %%
fruits = ["apple", "lemon", "plum"]
features = ["sweet", "sour", "soft", "crunchy"]
key = np.array([[1, 1, 0, 2], [0, 3, 0, 1], [2, 1, 2, 0]], "float32")  # (Nk, d) = (3, 4)
value = np.array([[0.8, 0.1, 0.1], [0.9, 0.9, 0.1], [0.4, 0.1, 0.5]], "float32")  # (3, 3)
question = np.array([[0, 2, 0, 2]], "float32")  # (Nq, d) = (1, 4): "sour and crunchy"

plots.heatmap(key, rows=fruits, columns=features, title="keys: what each fruit offers")
plots.show("Table of three fruits and four features; lemon is 3 sour, apple is 2 crunchy.")

# %% [markdown]
# ## By hand, once
#
# Compare the query with each key by a **dot product**: multiply feature by feature and add up.
# For the apple: $0\cdot1 + 2\cdot1 + 0\cdot0 + 2\cdot2 = 6$. Then divide by $\sqrt{d}$, here
# $\sqrt 4 = 2$ (the reason comes soon).
#
# | | dot product | score | $e^{\text{score}}$ | weight |
# |---|---|---|---|---|
# | apple | 6 | 3 | 20.1 | 0.26 |
# | lemon | 8 | 4 | 54.6 | 0.71 |
# | plum | 2 | 1 | 2.7 | 0.04 |
#
# The weights are each exponential's share of their sum, 77.4. Check with a pencil, then with
# the machine:

# %%
fruit_scores = question @ key.T / np.sqrt(4)  # (1, 3)
fruit_weights = np.exp(fruit_scores) / np.exp(fruit_scores).sum()  # (1, 3)
mixture = fruit_weights @ value  # (1, 3): red, green, blue
print("scores ", fruit_scores)
print("weights", fruit_weights.round(2))
print("colour ", mixture.round(2))

# %% [markdown]
# Seven tenths lemon, a quarter apple, a trace of plum. The answer to a question that no key
# matches exactly is a colour that no fruit has:

# %%
_, axes = pyplot.subplots(1, 2, figsize=(5.5, 2.6), width_ratios=[3, 1], layout="constrained")
plots.bars(fruit_weights[0], fruits, title="weights", colors=value, ax=axes[0])
axes[1].imshow(mixture[None])
axes[1].set(title="the answer", xticks=[], yticks=[])
plots.show("Bars: apple 0.26 red, lemon 0.71 yellow, plum 0.04 purple. The answer is ochre.")

# %% [markdown]
# ## From scores to weights
#
# The middle step deserves a closer look, because everything else hangs on it. Scores can be any
# numbers. Weights must be positive and sum to 1. The **softmax** does this for a row of scores
# $s_1, \dots, s_N$:
#
# $$\text{softmax}(s)_j = \frac{e^{s_j}}{\sum_{k=1}^{N} e^{s_k}}$$
#
# The exponential makes every number positive, and turns *differences* of scores into *ratios*
# of weights: one more in the score is $e \approx 2.7$ times the weight, wherever you start.
# So adding the same number to all scores changes nothing.

# %% [markdown]
# ### One row, several moods
#
# Divide the scores by a **temperature** before the softmax, and you choose how decided it is.
# Cold, and the best key takes all. Hot, and everyone gets the same. The **entropy** in the
# titles, $-\sum_j w_j \ln w_j$, is roughly the logarithm of how many keys share the attention:
# 0 is one key, $\ln 3 \approx 1.1$ is all three.

# %%
plots.temperature(fruit_scores[0], fruits, [0.2, 1.0, 5.0])
plots.show("Weights of three scores at temperature 0.2, 1 and 5: from nearly one fruit to even.")

# %% [markdown]
# ### Try it
#
# Move the sliders. **Scale** multiplies the scores, **temperature** divides them. Predict
# first: which pairs of slider positions give exactly the same picture? (Without sliders, on a
# printed page, the three pictures above are three positions.)
#
# <details><summary>Answer</summary>All pairs with the same quotient. Only scale divided by
# temperature reaches the softmax: twice the scale is half the temperature.</details>

# %% tags=["nbval-ignore-output"]
plots.temperature_explorer(fruit_scores[0], fruits)

# %% [markdown]
# ## Exercise: `softmax`
#
# *About 10 minutes, difficulty 1 of 3.*
#
# Write `softmax(scores)` over the **last** axis, for an array of any shape $(\dots, N)$. The
# result has the same shape.
#
# Example: `softmax(np.array([[0, 0], [0, np.log(3)]]))` is `[[0.5, 0.5], [0.25, 0.75]]`.
#
# It must survive scores of 10,000. In 32-bit numbers $e^{89}$ is already infinity. Remember what
# adding a number to all scores changes.
#
# Use NumPy or `keras.ops`, as you like, here and everywhere. (Keras has a softmax. The check
# will ask you to build your own.)


# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax(scores):
    """scores (..., N) -> weights (..., N), each row along the last axis sums to 1."""
    ### BEGIN SOLUTION
    shifted = scores - ops.max(scores, axis=-1, keepdims=True)
    exponentials = ops.exp(shifted)
    return exponentials / ops.sum(exponentials, axis=-1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "softmax_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("softmax", softmax)

# %% [markdown]
# ### Quick question
#
# Two scores are 3 and 5. You add 100 to both. What happens to the two weights?
#
# <details><summary>A: both become 1/2, since 103 and 105 are nearly equal</summary>No. Softmax
# looks at the difference, not at the ratio of the scores. The difference is still 2.</details>
# <details><summary>B: nothing</summary>Yes. Both exponentials grow by the factor e¹⁰⁰, and so
# does their sum: the shares stay.</details>
# <details><summary>C: they overflow</summary>Only if you compute e¹⁰⁵ directly, which float32
# cannot hold. The value itself is well defined, and subtracting the maximum finds
# it.</details>

# %% [markdown]
# ## Queries meet keys
#
# One query against three keys was one row of scores. With $N_q$ queries there are $N_q$ rows,
# and all the dot products together are one matrix product. For $Q$ of shape $(N_q, d)$ and $K$
# of shape $(N_k, d)$,
#
# $$S = \frac{Q K^\top}{\sqrt d}, \qquad S_{ij} = \frac{1}{\sqrt d} \sum_{c=1}^{d} Q_{ic} K_{jc}$$
#
# has shape $(N_q, N_k)$: row $i$ holds what query $i$ thinks of each key. Let us ask the fruits
# three questions at once.

# %%
questions = ["sour and crunchy", "sweet and soft", "anything"]
query = np.array([[0, 2, 0, 2], [2, 0, 2, 0], [0, 0, 0, 0]], "float32")  # (Nq, d) = (3, 4)
question_scores = query @ key.T / np.sqrt(4)  # (3, 3)
plots.heatmap(question_scores, rows=questions, columns=fruits, title="scores")
plots.show("Scores of three questions for three fruits. The question 'anything' scores 0.")

# %% [markdown]
# The last question is the zero vector: it scores 0 with every fruit, so its weights will be even.
# A query that wants nothing gets the average of everything.

# %% [markdown]
# ## Exercise: `attention_scores`
#
# *About 10 minutes, difficulty 1.*
#
# Write `attention_scores(query, key)`: query $(\dots, N_q, d)$ and key $(\dots, N_k, d)$ give
# scores $(\dots, N_q, N_k)$. The dots are a batch of sequences, or anything: your function
# should not care how many axes come first. (So not `key.T`: it turns round *all* axes. Which
# function swaps just two?)
#
# Example: the query `np.array([[2, 0, 0, 0]])` and the key `np.array([[3, 1, 1, 1]])` give
# `[[3]]`: the dot product is 6, and $\sqrt 4 = 2$.


# %% nbgrader={"grade": false, "grade_id": "attention_scores", "locked": false, "schema_version": 3, "solution": true, "task": false}
def attention_scores(query, key):
    """query (..., Nq, d), key (..., Nk, d) -> scores (..., Nq, Nk), divided by √d."""
    ### BEGIN SOLUTION
    width = query.shape[-1]
    return ops.matmul(query, ops.swapaxes(key, -1, -2)) / width**0.5
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "attention_scores_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("attention_scores", attention_scores)

# %% [markdown]
# ## Why $\sqrt d$?
#
# It looks like decoration. It decides whether attention can learn.
#
# Take queries and keys whose entries are random with spread 1. A dot product adds up $d$
# products of spread 1. Independent things add up in their squares, so the sum has spread
# $\sqrt d$: at $d = 256$ typical scores are $\pm 16$. And you know what softmax makes of a
# difference of 16: one key takes everything. The others get nothing, and a network that is
# trained cannot learn from what it gives no weight.
#
# **Predict before you run:** there are 32 keys, and even weights would have the entropy
# $\ln 32 \approx 3.5$. Where does it go as $d$ grows, and at which $d$ is it below 1?


# %%
def spread_and_entropy(scores):
    """scores (..., N) -> their standard deviation, and the mean entropy of the weights."""
    weights = np.array(attention.softmax(scores))
    return scores.std(), -(weights * np.log(weights + 1e-30)).sum(axis=-1).mean()


widths = [1, 4, 16, 64, 256, 1024]
raw, scaled = [], []
for width in widths:
    queries, keys = rng.standard_normal((2, 500, 32, width)).astype("float32")
    products = queries @ keys.swapaxes(-1, -2)  # (500, 32, 32)
    raw.append(spread_and_entropy(products))
    scaled.append(spread_and_entropy(products / width**0.5))
for width, (spread, entropy) in zip(widths, raw):
    print(f"d = {width:4}   spread {spread:5.1f}   entropy {entropy:.2f}")

# %% [markdown]
# Look at the left picture: the raw spread doubles whenever $d$ grows fourfold, which is what
# $\sqrt d$ does, and the scaled one stays at 1. On the right, the raw entropy falls towards 0.
# The scaled one stays at 3.0, a little under even: the choice is soft at any width.

# %%
raw, scaled = np.array(raw), np.array(scaled)  # (6, 2): spread, entropy
plots.spread(widths, raw[:, 0], scaled[:, 0], raw[:, 1], scaled[:, 1])
plots.show("Without the scale the spread of the scores grows like the root of d and entropy falls.")

# %% [markdown]
# ### Find the bug
#
# A published exercise tests a student's scaled attention like this. Why does it also accept
# attention **without** the scale?
#
# ```python
# query = key = 100 * np.eye(4)
# expected = np.eye(4)
# weights = student_attention(query, key)
# assert np.allclose(weights, expected)
# ```
#
# <details><summary>Answer</summary>The numbers are so large that softmax is one-hot either
# way: scores of 10,000 or of 5,000 make no difference. A test must use inputs for which the
# mistake changes the result. Here: small, random ones.</details>

# %% [markdown]
# ## Attention, whole
#
# Now put the three steps together. With values $V$ of shape $(N_k, d_v)$,
#
# $$\text{attend}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt d}\right) V$$
#
# Each row of the result, $(N_q, d_v)$, is a weighted average of the rows of $V$. Keys decide
# *where* to look; values are *what* is fetched. Here are our three questions, each answered by
# a colour:

# %%
output, question_weights = attention.attend(query, key, value)  # (3, 3), (3, 3)
_, axes = pyplot.subplots(1, 2, figsize=(5.5, 2.4), width_ratios=[3, 1], layout="constrained")
plots.heatmap(
    np.array(question_weights), rows=questions, columns=fruits, title="weights", ax=axes[0]
)
axes[1].imshow(np.array(output)[:, None])
axes[1].set(title="output", xticks=[], yticks=[])
plots.show("Lemon for sour and crunchy, plum for sweet and soft, even for anything; three colours.")

# %% [markdown]
# ## Masks
#
# Sometimes a query must not see a key: a word that comes later, a place that is only padding. A
# **mask** is a boolean array that broadcasts to $(\dots, N_q, N_k)$. In this course **True means
# "may attend"**, as in Keras. (Some libraries mean the opposite. Always look it up.)
#
# Hide the scores *before* the softmax: put a large negative number where the mask is False.
# Then $e^{-10^9} = 0$, and the others share everything.
#
# One trap: a query that may attend to **nothing**. All its scores are equally bad, so softmax
# would make them even. We agree that such a query gets zero weights and a zero output.

# %%
toy_scores = np.array([[2.0, 1.0, 0.0]] * 3)  # three queries, three keys
toy_mask = np.array([[True, True, False], [True, False, False], [False, False, False]])
hidden = np.where(toy_mask, toy_scores, -1e9)
plots.heatmaps(
    [toy_mask, np.array(attention.softmax(hidden))],
    ["the mask", "softmax of the hidden scores"],
)
plots.show("A mask whose last row hides all keys, and weights: that last row becomes even.")

# %% [markdown]
# The middle query has one key to look at and gives it everything. The last one may see nothing,
# yet its weights are 1/3 each: the trap.

# %% [markdown]
# ## Exercise: `attend`
#
# *About 25 minutes, difficulty 2.*
#
# Write `attend(query, key, value, mask=None)`. It returns **two** arrays: the output
# $(\dots, N_q, d_v)$ and the weights $(\dots, N_q, N_k)$.
#
# - without a mask: scores, softmax, weighted sum
# - with a mask: no weight where it is False, however large or small the scores are, and zeros
#   (not NaN) in a row without any True
# - `mask` is None when there is none: ask with `if mask is not None`, since an array is neither
#   true nor false
#
# Use your own `softmax` and `attention_scores`, or the course's: `attention.softmax`,
# `attention.attention_scores`.


# %% nbgrader={"grade": false, "grade_id": "attend", "locked": false, "schema_version": 3, "solution": true, "task": false}
def attend(query, key, value, mask=None):
    """query (..., Nq, d), key (..., Nk, d), value (..., Nk, dv), mask: True = may attend
    -> output (..., Nq, dv), weights (..., Nq, Nk)."""
    ### BEGIN SOLUTION
    scores = attention.attention_scores(query, key)
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    weights = attention.softmax(scores)
    if mask is not None:
        weights = ops.where(mask, weights, 0.0)
    return ops.matmul(weights, value), weights
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "attend_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check("attend", attend)

# %% [markdown]
# ### Quick question
#
# You set weights to zero *after* the softmax, where the mask is False. What is wrong?
#
# <details><summary>A: nothing, hidden keys have weight 0</summary>They do. But they took part
# in the sum that everybody was divided by, so the rest of the row sums to less
# than 1.</details>
# <details><summary>B: the output shrinks, the more is hidden</summary>Yes. The weights that are
# left no longer sum to 1, so the output is too small, by an amount that depends on what it
# should not know.</details>
# <details><summary>C: it is slower</summary>Not noticeably. It is wrong.</details>

# %% [markdown]
# ## Look at a sentence
#
# Queries, keys and values usually come from a trained network. Until we have one, let us write
# word vectors by hand. In this sentence, what does "it" refer to?
#
# > the cat slept because it was tired
#
# Each word *offers* something (its key) and *asks* for something (its query). We let "it" ask
# for an animal, verbs ask for who does them, and "tired" ask for what is described. Everything
# else asks for nothing special. Three features: *an animal*, *an action*, *something mentioned
# before*.

# %%
words = "the cat slept because it was tired".split()
offers = {"cat": [4, 0, 1], "slept": [0, 4, 0], "was": [0, 2, 0], "it": [1, 0, 3]}
asks = {"it": [4, 0, 0], "slept": [3, 0, 1], "was": [0, 0, 4], "tired": [1, 0, 3]}
word_keys = np.array([offers.get(w, [0, 0, 0]) for w in words], "float32")  # (7, 3)
word_queries = np.array([asks.get(w, [0, 0, 0]) for w in words], "float32")  # (7, 3)

_, word_weights = attention.attend(word_queries, word_keys, word_keys)
plots.heatmap(
    np.array(word_weights), rows=words, columns=words, row_label="asks", column_label="offers"
)
plots.show("Weights between seven words: 'it' and 'slept' look at 'cat'; 'was' looks at 'it'.")

# %% [markdown]
# Read it row by row: "it" looks at "cat", and "was" and "tired" look at "it". Words that ask for
# nothing look at all words alike.
#
# The same weights, drawn as lines by **bertviz**. Move the mouse over a word on the left to see
# only its lines. (This view loads its scripts from the network. Without one it stays empty, and
# the map above says the same.) With a trained model such views become interesting; notebook 2
# has one.

# %%
plots.token_view(np.array(word_weights)[None], words, title="What each word looks at")

# %% [markdown]
# ## Masks you will meet every day
#
# Two masks cover nearly all uses.
#
# The **causal** mask: each token sees itself and what came before. It makes a model that
# *predicts* the next token honest.
#
# The **padding** mask: sequences of different lengths share one array, filled up at the end.
# Nobody should look at the filling.

# %%
plots.heatmaps(
    [np.array(attention.causal_mask(6)), np.array(attention.padding_mask([6, 2, 4], 6))[:, 0]],
    ["causal: rows are queries", "padding: one row a sequence"],
    column_label="keys",
)
plots.show("A lower triangle of True, and three rows with 6, 2 and 4 True from the left.")

# %% [markdown]
# ## Exercise: `causal_mask`
#
# *About 5 minutes, difficulty 1.*
#
# Write `causal_mask(length)`: a boolean array $(N, N)$. Row $i$ is a query, column $j$ a key.
# True where $j \le i$.


# %% nbgrader={"grade": false, "grade_id": "causal_mask", "locked": false, "schema_version": 3, "solution": true, "task": false}
def causal_mask(length):
    """length N -> mask (N, N), bool: True where the key is not later than the query."""
    ### BEGIN SOLUTION
    position = np.arange(length)
    return position[:, None] >= position[None, :]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "causal_mask_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("causal_mask", causal_mask)

# %% [markdown]
# ## Exercise: `padding_mask`
#
# *About 10 minutes, difficulty 2.*
#
# Write `padding_mask(lengths, max_length)`: lengths $(B,)$ give a boolean array $(B, 1, N)$ with
# $N$ = `max_length`, True where there is a token.
#
# Why the 1 in the middle? Scores have shape $(B, N_q, N_k)$. The mask says the same to every
# query of a sequence, so it needs one row, which broadcasts.
#
# Example: `padding_mask(np.array([2, 1]), 3)` is `[[[True, True, False]], [[True, False, False]]]`.


# %% nbgrader={"grade": false, "grade_id": "padding_mask", "locked": false, "schema_version": 3, "solution": true, "task": false}
def padding_mask(lengths, max_length):
    """lengths (B,) -> mask (B, 1, N), bool: True where there is a token."""
    ### BEGIN SOLUTION
    position = np.arange(max_length)  # (N,)
    return (position < np.asarray(lengths)[:, None])[:, None, :]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "padding_mask_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("padding_mask", padding_mask)

# %% [markdown]
# ### Find the bug
#
# This draws what a model attends to. The model itself works well. What does the picture show
# that the model never did?
#
# ```python
# output, _ = attend(query, key, value, mask=causal_mask(N))
# _, weights = attend(query, key, value)
# plt.imshow(weights)
# ```
#
# <details><summary>Answer</summary>The weights in the picture were computed a second time,
# without the mask: it shows tokens looking at the future. Plot the weights that were used. This
# is why our <code>attend</code> returns them.</details>

# %% [markdown]
# ## What can a token see?
#
# Now a picture. Cut a photo into patches of 32 × 32 pixels, $18 \times 16 = 288$ of them. Each
# patch is a token, described by just its average colour: how it differs from the whole photo's
# average, scaled to length 1. (With keys of different lengths, the longest would win: a dot
# product grows with length.)
#
# A 3 × 3 **convolution** on this grid lets a patch see its eight neighbours. Two in a row: the
# neighbours' neighbours. To see across the photo takes many layers.
#
# **Attention** compares a patch with *every* patch, in one layer. The weights say where it
# looks, and they depend on what is in the photo.

# %%
file = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
photo = pyplot.imread(file)[:576, :512]  # (H, W, C) = (576, 512, 3)
patches = photo.reshape(18, 32, 16, 32, 3)  # grid row, pixel row, grid column, pixel column, C
colour = patches.mean(axis=(1, 3)).reshape(288, 3)  # (N, 3): one colour a patch
tokens = (colour - colour.mean(axis=0)).astype("float32")
tokens = tokens / np.linalg.norm(tokens, axis=-1, keepdims=True)  # length 1

row, column = 8, 14  # a patch of the blue backdrop
_, seen = attention.attend(20 * tokens[None, row * 16 + column], tokens, tokens)  # (1, N)
plots.receptive_field(photo, 32, (row, column), np.array(seen).reshape(18, 16), radii=[1, 2, 3])
plots.show("Left: squares around a patch after 1, 2, 3 convolutions. Right: the backdrop lit up.")

# %% [markdown]
# The query patch lies on the blue backdrop. Three convolutions see a square of $7 \times 7$
# patches (cut off by the edge here), whatever is in it. Attention lights up the backdrop beyond
# that square, and leaves face and uniform dark. It also finds scattered patches far away, a few
# of the flag, a bit of collar: their average colour is bluish too. It knows *what*, and it does
# not care *where*.

# %% [markdown]
# **Try it:** choose another `row` and `column`, on the face or on the flag. Predict what will
# light up. The factor 20 is a scale, as on the slider: what happens with 1, or with 200?
# (Brightness is relative to the largest weight.)
#
# <details><summary>Answer</summary>With 1, nearly everything is lit: all patches share the
# attention. With 200, only the few patches whose colour is nearly the same.</details>
#
# (The photo shows Grace Hopper, who wrote one of the first compilers. It comes with
# Matplotlib and is in the public domain.)

# %% [markdown]
# ## Attention can compute
#
# If queries and keys may be anything, attention can be a *program*. Here is one: turn a sequence
# round. Token $i$ of the output should be token $N-1-i$ of the input.
#
# A weighted average that is all weight on one key *copies* that key's value. So query $i$ must
# find key $N-1-i$, clearly: its score must be so much larger than all others that softmax gives
# it everything.

# %%
letters = list("attention")
codes = np.eye(26, dtype="float32")[[ord(c) - ord("a") for c in letters]]  # (9, 26), one-hot
turn_query, turn_key = attention.reversal_queries_keys(len(letters))  # (9, 9), (9, 9)
mixed, who_where = attention.attend(turn_query, turn_key, codes)
turned = "".join(chr(ord("a") + i) for i in np.array(mixed).argmax(axis=-1))

plots.heatmap(np.array(who_where), rows=list(turned), columns=letters, title="who looks where")
plots.show("Weights along the other diagonal: the first output letter looks at the last input.")
print("".join(letters), "->", turned)

# %% [markdown]
# ## Exercise: `reversal_queries_keys`
#
# *About 20 minutes, difficulty 3.*
#
# Write `reversal_queries_keys(length, sharpness=50.0)`: a query $(N, d)$ and a key $(N, d)$ for
# a sequence of `length` $= N$ tokens, such that attention turns **any** values between -1 and 1
# round, each with an error below 0.001. The width $d$ is yours to choose.
#
# `sharpness` is there for you: by how much the right key's score should beat the others. It must
# still work for 67 tokens.


# %% nbgrader={"grade": false, "grade_id": "reversal_queries_keys", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reversal_queries_keys(length, sharpness=50.0):
    """length N -> query (N, d), key (N, d): attention with them reverses any values."""
    ### BEGIN SOLUTION
    key = np.eye(length, dtype="float32")  # each position points along its own axis
    query = sharpness * np.sqrt(length) * key[::-1]  # the √d comes back out in the scores
    return query.astype("float32"), key
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "reversal_queries_keys_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("reversal_queries_keys", reversal_queries_keys)

# %% [markdown]
# ## Attention as regression
#
# In 1964 Nadaraya and Watson, independently, drew a curve through noisy points: to guess $y$ at
# a place $x$, average the known $y_j$, and trust those more whose $x_j$ is near:
#
# $$\hat y(x) = \sum_j \text{softmax}_j\!\left(-\frac{(x - x_j)^2}{2 \sigma^2}\right) y_j$$
#
# That is attention. The places to guess are queries, the known places are keys, the known
# $y_j$ are values. Only the score is another one: minus the squared distance instead of a dot
# product. The width $\sigma$ is a temperature.


# %%
def curve(x):
    return np.cos(2 * x) * np.exp(-x / 4)


x = np.sort(rng.uniform(0, 6, 60))  # keys
y = curve(x) + 0.15 * rng.standard_normal(60)  # values, with noise
grid = np.linspace(0, 6, 200)  # queries

for sigma in [0.02, 0.2, 2.0]:
    nearness = -((grid[:, None] - x[None, :]) ** 2) / (2 * sigma**2)  # (200, 60)
    guess = np.array(attention.softmax(nearness)) @ y  # (200,)
    print(f"sigma {sigma:4}: mean squared error {np.mean((guess - curve(grid)) ** 2):.4f}")

# %% [markdown]
# Too narrow copies the noise, too wide averages the curve away. In between, a good guess, and
# nothing was trained. Try a `sigma` of your own: can you beat 0.0046? On the right, each row of
# the map is one query: a bright band along the diagonal, "look at your neighbours".

# %%
nearness = -((grid[:, None] - x[None, :]) ** 2) / (2 * 0.2**2)
trust = np.array(attention.softmax(nearness))  # (200, 60)
plots.regression(x, y, grid, trust @ y, curve(grid), trust)
plots.show("Sixty noisy points, the curve they came from, and attention's guess close to it.")

# %% [markdown]
# ### The distance hides in a dot product
#
# Multiply out: $-(x - x_j)^2 = 2 x x_j - x_j^2 - x^2$. The last term is the same for all keys, and
# softmax ignores what is the same for all. The rest is the dot product of $(x, 1)$ with
# $(2 x_j, -x_j^2)$. So our own `attend` can do this regression. Predict: how different are the
# two results?

# %%
sigma = 0.2
places = np.stack([grid, np.ones_like(grid)], axis=-1)  # queries (200, 2)
points = np.stack([2 * x, -(x**2)], axis=-1) / (2 * sigma**2)  # keys (60, 2)
guess, _ = attention.attend(2**0.5 * places, points, y[:, None])  # attend divides by √2 again
print("largest difference:", f"{np.abs(np.array(guess)[:, 0] - trust @ y).max():.1e}")

# %% [markdown]
# ## Does order matter?
#
# *Dog bites man* is no news. *Man bites dog* is. Give each word a vector, let all words attend to
# each other, and compare what each word gets in the two sentences:

# %%
vectors = {w: rng.standard_normal(4).astype("float32") for w in ["dog", "bites", "man"]}


def look_around(sentence):
    x = np.stack([vectors[w] for w in sentence])  # (3, 4)
    return np.array(attention.attend(x, x, x)[0])


first, second = ["dog", "bites", "man"], ["man", "bites", "dog"]
_, axes = pyplot.subplots(1, 2, figsize=(8, 2.4), layout="constrained")
plots.heatmap(look_around(first), rows=first, title="dog bites man", ax=axes[0])
plots.heatmap(look_around(second), rows=second, title="man bites dog", ax=axes[1])
plots.show("Two tables of three rows: the rows for dog, bites and man are the same in both.")

# %% [markdown]
# The row of "dog" is the same in both, and so are the others. They only changed places. To
# attention, a sentence is a bag of words, and a photo is a bag of patches.
#
# The name for this: attention is **permutation equivariant**. Permute the tokens, and the
# outputs are permuted in the same way, and otherwise unchanged. For a layer $f$ and any
# permutation $\pi$ of the tokens,
#
# $$f(\pi(x)) = \pi(f(x))$$
#
# (*Invariant* would mean $f(\pi(x)) = f(x)$: the order leaves no trace at all.)

# %% [markdown]
# ## Exercise: `is_permutation_equivariant`
#
# *About 20 minutes, difficulty 3.*
#
# This time you write the **test**. `is_permutation_equivariant(layer, tokens, rng)` gets any
# function from $(B, N, D)$ to $(B, N, D)$, tokens to try it on, and a NumPy generator
# (`rng.permutation(5)` shuffles 0 … 4). It returns True or False.
#
# We run your test on layers that are equivariant and on layers that only look so. Two things to
# remember: sums of floats in another order differ in the last digits, so compare with a tolerance
# such as `atol=1e-4`. And a layer may return a tensor, which `np.array` makes an array.


# %% nbgrader={"grade": false, "grade_id": "is_permutation_equivariant", "locked": false, "schema_version": 3, "solution": true, "task": false}
def is_permutation_equivariant(layer, tokens, rng):
    """layer: (B, N, D) -> (B, N, D), tokens (B, N, D), rng: NumPy generator -> bool."""
    ### BEGIN SOLUTION
    order = rng.permutation(tokens.shape[1])
    before = ops.convert_to_numpy(layer(tokens[:, order]))
    after = ops.convert_to_numpy(layer(tokens))[:, order]
    return bool(np.allclose(before, after, rtol=1e-3, atol=1e-4))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "is_permutation_equivariant_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("is_permutation_equivariant", is_permutation_equivariant)

# %% [markdown]
# ### Use the test
#
# Four layers. Which will pass? Write down four guesses before you run the cell.


# %%
def self_attention(x):
    return attention.attend(x, x, x)[0]


def causal_attention(x):
    return attention.attend(x, x, x, mask=attention.causal_mask(x.shape[1]))[0]


where = rng.standard_normal((7, 5)).astype("float32")  # one vector a position
layers = {
    "self-attention": self_attention,
    "causal self-attention": causal_attention,
    "each token squared": lambda x: x**2,
    "positions added first": lambda x: self_attention(x + where),
}
batch = rng.standard_normal((2, 7, 5)).astype("float32")  # (B, N, D)
for name, layer in layers.items():
    print(f"{name:24}", attention.is_permutation_equivariant(layer, batch, rng))

# %% [markdown]
# The causal mask knows the order: it says who came before whom. And the last line is the way
# out: *add* something to each token that says where it is. What to add is a story of its own,
# and the whole of notebook 3.

# %% [markdown]
# ### Quick question
#
# Does a Vision Transformer read its patches one after another, from top left to bottom right?
#
# <details><summary>A: yes, like a text</summary>No. All patches are compared with all patches
# at once. There is no "next".</details>
# <details><summary>B: no, and without positions it would not even notice if you shuffled
# them</summary>Yes. That is what equivariance says.</details>
# <details><summary>C: only in the first layer</summary>No layer reads in order. The order in
# which we number the patches is ours.</details>

# %% [markdown]
# ## In your own words
#
# *About 15 minutes. A person reads this one, not a check. 3 points.*
#
# Someone says: "Attention is just a weighted average, so it can do no more than a blur." Answer
# in five to eight sentences, and use an example from this notebook.
#
# - 1 point: what makes it more than a fixed blur (where do the weights come from?)
# - 1 point: your example is right and says which part are queries, keys and values
# - 1 point: one thing attention cannot know by itself, and why

# %% [markdown] nbgrader={"grade": true, "grade_id": "weighted_average_answer", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# A blur averages with weights that are fixed before it sees the picture. In attention the
# weights are computed from the content: each query is compared with each key. So the same layer
# can look at the neighbours in one picture and across the photo in another. In the photo, the
# query was the colour of one patch of the backdrop, the keys were the colours of all patches, and
# the weights lit up the backdrop beyond its neighbours. With the right queries and keys it
# can even copy single values, as in the reversal, where no blur is left at all. But by itself it
# does not know where a patch lies: permute the patches, and the outputs are permuted with them,
# because scores depend on content only.
#
# *Rubric: one point for each of the three lines in the question; half a point where the right
# idea has a wrong example.*

# %% [markdown]
# ## What you have now
#
# | idea | function | shape of the result |
# |---|---|---|
# | scores become shares | `softmax` | $(\dots, N)$ |
# | every query meets every key | `attention_scores` | $(\dots, N_q, N_k)$ |
# | mix the values by the weights | `attend` | $(\dots, N_q, d_v)$ |
# | no looking ahead | `causal_mask` | $(N, N)$ |
# | no looking at padding | `padding_mask` | $(B, 1, N)$ |
# | attention is a program | `reversal_queries_keys` | $(N, d)$ twice |
# | the order is not seen | `is_permutation_equivariant` | True or False |

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## What we left out
#
# Where queries, keys and values come from: three learned matrices, in the next notebook.
# Why one attention is not enough: several heads, there too. How to tell the tokens where they
# are: notebook 3. And the cost: the scores are an $N \times N$ table, which is why notebooks 5
# and 6 exist.
#
# **Next: notebook 2, multi-head attention.**

# %% [markdown]
# ## To read on
#
# - A. Vaswani and others, *Attention Is All You Need*, 2017: equation 1 is what you built;
#   footnote 4 is the argument for $\sqrt d$.
# - D. Bahdanau, K. Cho, Y. Bengio, *Neural Machine Translation by Jointly Learning to Align and
#   Translate*, 2014: where it began, with another score function.
# - E. A. Nadaraya, *On Estimating Regression*, 1964, and G. S. Watson, *Smooth Regression
#   Analysis*, 1964.
# - J. Vig, *A Multiscale Visualization of Attention in the Transformer Model*, 2019: bertviz.
