"""Trains Keras classifiers in several scalings of pixels and saves them as .h5 and .keras files.

Usage: origin_keras_files.py FOLDER keras|tf_keras (Keras 3 or Keras 2).
"""

import importlib
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

from pgd import folder, images, report, train_images, train_labels

package = sys.argv[2]
keras = importlib.import_module(package)
layers = keras.layers
keras.utils.set_random_seed(1)


def sequential():
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(16, 3, padding="same"),
            layers.LeakyReLU(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )


def functional():
    inputs = layers.Input((28, 28, 1))
    first = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    second = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(8, 3, padding="same")(first))
    joined = layers.Concatenate()([layers.Add()([first, second]), first])
    pooled = layers.AveragePooling2D(4)(layers.ZeroPadding2D(2)(joined))
    return keras.Model(inputs, layers.Dense(10)(layers.Flatten()(pooled)))


def nested():
    features = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(8, 5, strides=2, activation="swish"),
            layers.BatchNormalization(momentum=0.9),
        ]
    )
    vector = layers.Input((1152,))
    head = keras.Model(vector, layers.Dense(10)(layers.Dense(32, activation="elu")(vector)))
    inputs = layers.Input((28, 28, 1))
    scaled = layers.Rescaling(2.0, -1.0)(inputs)
    return keras.Model(inputs, layers.Softmax()(head(layers.Flatten()(features(scaled)))))


def flat():
    return keras.Sequential(
        [
            layers.Input((784,)),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(8, 5, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10),
        ]
    )


# What the models expect of a pixel x in [0, 1]: (x - mean) / std.
SCALINGS = {
    "unit": (0, 1),
    "bytes": (0, 1 / 255),
    "signed": (0.5, 0.5),
    "mnist": (0.1307, 0.3081),
}
MODELS = [
    (sequential, "unit"),
    (sequential, "signed"),
    (sequential, "mnist"),
    (functional, "unit"),
    (functional, "mnist"),
    (nested, "unit"),
    (nested, "signed"),
    (flat, "bytes"),
]

written = []
for build, scaling in MODELS:
    mean, std = SCALINGS[scaling]
    model = build()
    name = f"{package}_{build.__name__}_{scaling}"
    from_logits = build in (functional, flat)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.Adam(2e-3), loss)

    def prepare(batch):
        scaled = (batch - mean) / std
        return tf.reshape(scaled, (-1, 784)) if build is flat else scaled

    model.fit(prepare(train_images), train_labels, batch_size=64, epochs=3, verbose=0)

    @tf.function
    def slope(batch, truth):
        with tf.GradientTape() as tape:
            tape.watch(batch)
            value = loss(truth, model(prepare(batch), training=False)) * 1000
        return tape.gradient(value, batch)

    predict = lambda batch: model.predict(np.asarray(prepare(batch)), verbose=0)
    gradient = lambda batch, truth: slope(tf.constant(batch), tf.constant(truth)).numpy()
    files = []
    for extension in ("h5", "keras"):
        model.save(f"{folder}/{name}.{extension}")
        options = {"normalization": {"mean": [mean], "std": [std]}}
        files.append((f"{name}.{extension}", {} if scaling == "unit" else options))
    report(name, predict(images), gradient, lambda batch: predict(batch).argmax(1), files)
    written.append({"name": name, "mean": mean, "std": std})

with open(f"{folder}/{package}.json", "w") as file:
    json.dump(written, file)
