"""Trains small Keras classifiers of several shapes and saves them as SavedModels."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf
from keras import layers

from pgd import folder, images, report, train_images, train_labels

keras.utils.set_random_seed(1)


def sequential_softmax():
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def sequential_logits_norm():
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("tanh"),
            layers.AveragePooling2D(2, padding="same"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def functional_softmax_norm():
    inputs = layers.Input((28, 28, 1))
    first = layers.Conv2D(16, 3, padding="same")(inputs)
    first = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(first))
    second = layers.Conv2D(16, 3, padding="same", dilation_rate=2)(first)
    joined = layers.LeakyReLU()(layers.Add()([layers.BatchNormalization(momentum=0.9)(second), first]))
    pooled = layers.MaxPooling2D(3, 2, padding="same")(joined)
    both = layers.Concatenate()([pooled, layers.AveragePooling2D(2)(first)])
    deep = layers.SeparableConv2D(32, 3, strides=2, activation="swish")(both)
    logits = layers.Dense(10)(layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(deep)))
    return keras.Model(inputs, layers.Softmax()(logits))


def functional_logits():
    inputs = layers.Input((28, 28))
    hidden = layers.Dense(64, activation="elu")(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Dense(10)(hidden))


for build in [sequential_softmax, sequential_logits_norm, functional_softmax_norm, functional_logits]:
    name = build.__name__
    model = build()
    from_logits = "logits" in name
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.Adam(2e-3), loss)
    shape = lambda batch: batch[..., 0] if len(model.input_shape) == 3 else batch
    model.fit(shape(train_images), train_labels, batch_size=64, epochs=3, verbose=0)

    @tf.function
    def slope(batch, truth):
        with tf.GradientTape() as tape:
            tape.watch(batch)
            value = loss(truth, model(shape(batch), training=False)) * 1000
        return tape.gradient(value, batch)

    gradient = lambda batch, truth: slope(tf.constant(batch), tf.constant(truth)).numpy()
    classify = lambda batch: model.predict(shape(batch), verbose=0).argmax(1)
    model.export(f"{folder}/{name}.export", verbose=False)
    tf.saved_model.save(model, f"{folder}/{name}.saved")
    scores = model.predict(shape(images), verbose=0)
    report(name, scores, gradient, classify, [f"{name}.export", f"{name}.saved"])
