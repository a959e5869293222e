"""The training of the notebooks: some minutes, in memory. `fit` is the one that keeps a folder."""

import math

import keras

from course_utils.training.schedules import WarmupCosine


def train_classifier(model, images, labels, *, epochs, peak, batch_size=50, new=None):
    """Train with AdamW, whose steps climb to the peak in a tenth of the time and then fall to 0.

    images (B, ...), whatever the model takes, labels (B,), new: a pair of more such, to be watched
    -> what Keras wrote down: the values an epoch by name, "top1" and "top2" among them.
    """
    steps = epochs * math.ceil(len(images) / batch_size)
    rate = WarmupCosine(peak, steps // 10, steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.05, global_clipnorm=1.0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    top = [keras.metrics.SparseTopKCategoricalAccuracy(k, name=f"top{k}") for k in (1, 2)]
    model.compile(optimizer, loss, metrics=top)
    return model.fit(
        images, labels, batch_size=batch_size, epochs=epochs, validation_data=new, verbose=0
    ).history
