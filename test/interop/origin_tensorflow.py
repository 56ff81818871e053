"""Trains with TensorFlow itself, in the manner of its versions 1 and 2, and converts to TensorFlow.js."""

import os
import shutil
import sys
import types

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tf_keras as keras

from pgd import folder, images, report, train_images, train_labels

v1 = tf.compat.v1


class Absent(types.ModuleType):
    """Stands for what TensorFlow.js's converters import and do not use here."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(name)


for name in ["tensorflow_decision_forests", "tensorflow_hub", "flax", "flax.core"]:
    sys.modules[name] = Absent(name)
for name in ["jax", "jax.experimental", "jax.experimental.jax2tf"]:
    sys.modules[name] = Absent(name)

from tensorflowjs.converters import save_keras_model
from tensorflowjs.converters.tf_saved_model_conversion_v2 import convert_tf_saved_model


def tensorflow_1():
    """A graph with `VariableV2`s, saved with them and frozen."""
    graph = tf.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        v1.set_random_seed(1)
        x = v1.placeholder(tf.float32, [None, 28, 28, 1], "x")
        truth = v1.placeholder(tf.int64, [None], "truth")
        keep = v1.placeholder_with_default(1.0, [], "keep")
        variable = lambda name, shape: v1.get_variable(name, shape, use_resource=False)
        hidden = tf.nn.conv2d(x, variable("conv/w", [5, 5, 1, 12]), [1, 2, 2, 1], "SAME")
        hidden = tf.nn.relu(tf.nn.bias_add(hidden, variable("conv/b", [12])))
        hidden = v1.nn.max_pool(hidden, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
        hidden = tf.reshape(hidden, [-1, 7 * 7 * 12])
        scores = tf.add(tf.matmul(hidden, variable("fc/w", [588, 10])), variable("fc/b", [10]), "scores")
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=truth, logits=scores)
        step = v1.train.AdamOptimizer(2e-3).minimize(loss)
        slope = tf.gradients(loss, x)[0]
        session.run(v1.global_variables_initializer())
        for _ in range(2):
            for rows in np.array_split(np.random.RandomState(1).permutation(len(train_images)), 50):
                session.run(step, {x: train_images[rows], truth: train_labels[rows]})

        v1.saved_model.simple_save(session, f"{folder}/tensorflow_1.saved", {"x": x}, {"scores": scores})
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["scores"])
        with open(f"{folder}/tensorflow_1.pb", "wb") as file:
            file.write(frozen.SerializeToString())
        run = lambda batch: session.run(scores, {x: batch})
        gradient = lambda batch, truths: session.run(slope, {x: batch, truth: truths})
        classify = lambda batch: run(batch).argmax(1)
        report("tensorflow_1", run(images), gradient, classify, ["tensorflow_1.saved", "tensorflow_1.pb"])


def fit(model, epochs=2):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.legacy.Adam(2e-3), loss)
    model.fit(train_images, train_labels, batch_size=64, epochs=epochs, verbose=0)

    @tf.function
    def slope(batch, truth):
        with tf.GradientTape() as tape:
            tape.watch(batch)
            value = loss(truth, model(batch, training=False)) * 1000
        return tape.gradient(value, batch)

    gradient = lambda batch, truth: slope(tf.constant(batch), tf.constant(truth)).numpy()
    return gradient, lambda batch: model.predict(batch, verbose=0).argmax(1)


def to_tfjs(saved, name):
    shutil.rmtree(f"{folder}/{name}", ignore_errors=True)
    convert_tf_saved_model(saved, f"{folder}/{name}")
    return name


def convolutional():
    """Keras 2, as a SavedModel and as TensorFlow.js's layers and graph."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(12, 3, strides=2, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(6.0),
            layers.SeparableConv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    gradient, classify = fit(model)
    saved = f"{folder}/keras_2_convolutional.saved"
    tf.saved_model.save(model, saved)
    save_keras_model(model, f"{folder}/keras_2_convolutional.layers")
    graph = to_tfjs(saved, "keras_2_convolutional.graph")
    files = ["keras_2_convolutional.saved", "keras_2_convolutional.layers", graph]
    report("keras_2_convolutional", model.predict(images, verbose=0), gradient, classify, files)


def transformer():
    """Attention of Keras 2, whose products are Einsum."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    inputs = layers.Input((28, 28, 1))
    x = layers.Conv2D(24, 7, 7)(inputs)
    x = layers.Reshape((16, 24))(x)
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(3, 8)(y, y)])
    y = layers.Dense(48, activation="gelu")(layers.LayerNormalization()(x))
    x = layers.Add()([x, layers.Dense(24)(y)])
    model = keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))
    gradient, classify = fit(model, 4)
    saved = f"{folder}/keras_2_transformer.saved"
    tf.saved_model.save(model, saved)
    scores = model.predict(images, verbose=0)
    report("keras_2_transformer", scores, gradient, classify, ["keras_2_transformer.saved"])


class Served(tf.Module):
    """A model that takes encoded images by default, and pixels by another signature."""

    def __init__(self):
        super().__init__()
        random = tf.random.Generator.from_seed(1)
        self.kernel = tf.Variable(random.normal([784, 10], stddev=0.03))
        self.bias = tf.Variable(tf.zeros([10]))

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1])])
    def pixels(self, x):
        flat = tf.reshape(x, [tf.shape(x)[0], 784])
        hidden = flat @ self.kernel
        return {"features": hidden, "logits": hidden + self.bias}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def encoded(self, files):
        decode = lambda file: tf.io.decode_image(file, 1, tf.float32, expand_animations=False)
        return self.pixels(tf.map_fn(decode, files, fn_output_signature=tf.float32))


def served():
    model = Served()
    optimizer = keras.optimizers.legacy.Adam(2e-3)
    cost = lambda batch, truth: tf.nn.sparse_softmax_cross_entropy_with_logits(truth, model.pixels(batch)["logits"])
    for rows in np.array_split(np.random.RandomState(1).permutation(len(train_images)), 50):
        optimizer.minimize(lambda: cost(train_images[rows], train_labels[rows]), [model.kernel, model.bias])

    def gradient(batch, truth):
        batch = tf.constant(batch)
        with tf.GradientTape() as tape:
            tape.watch(batch)
            value = cost(batch, truth)
        return tape.gradient(value, batch).numpy()

    signatures = {"serving_default": model.encoded, "pixels": model.pixels}
    tf.saved_model.save(model, f"{folder}/tensorflow_served.saved", signatures)
    scores = lambda batch: model.pixels(tf.constant(batch))["logits"].numpy()
    files = [("tensorflow_served.saved", {"signature": "pixels"})]
    report("tensorflow_served", scores(images), gradient, lambda batch: scores(batch).argmax(1), files)


for build in [tensorflow_1, convolutional, transformer, served]:
    build()
