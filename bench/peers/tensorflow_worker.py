"""TensorFlow as a peer of the benchmark; see bench/worker.ts for the protocol.

    python3 bench/peers/tensorflow_worker.py THREADS BATCH graph|xla
"""
import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
threads, batch, mode = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def say(value):
    print(json.dumps(value), flush=True)


try:
    import numpy as np
    import tensorflow as tf
except ImportError as error:
    say({"failure": str(error)})
    sys.exit()

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
tf.random.set_seed(1)
layers = tf.keras.layers
model = tf.keras.Sequential([
    tf.keras.Input((28, 28, 1)),
    layers.Conv2D(32, 3, activation="relu"), layers.MaxPool2D(2),
    layers.Conv2D(64, 3, activation="relu"), layers.MaxPool2D(2),
    layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10),
])
optimizer = tf.keras.optimizers.Adam()
optimizer.build(model.trainable_variables)
loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
random = np.random.default_rng(1)
pixels = random.random((batch, 28, 28, 1), dtype=np.float32)
pixels[random.random(pixels.shape) < 0.8] = 0
images = tf.constant(pixels)
labels = tf.constant(random.integers(0, 10, batch))
function = tf.function(jit_compile=mode == "xla")


@function
def train():
    with tf.GradientTape() as tape:
        loss = loss_of(labels, model(images, training=True))
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


@function
def logits():
    return model(images, training=False)


def gradient(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = loss_of(labels, model(x, training=False))
    return tape.gradient(loss, x)


@function
def input_gradient():
    return tf.sign(gradient(images))


@function
def attack_step(x):
    x = x + 0.01 * tf.sign(gradient(x))
    return tf.clip_by_value(tf.clip_by_value(x, images - 0.1, images + 0.1), 0, 1)


def pgd_40():
    x = images
    for _ in range(40):
        x = attack_step(x)
    return x


tasks = {
    "training step": train,
    "forward": logits,
    "input gradient": input_gradient,
    "pgd-40": pgd_40,
}
say({"name": f"TensorFlow {tf.__version__} ({mode})"})
for line in sys.stdin:
    request = json.loads(line)
    times = []
    before = time.process_time()
    for _ in range(request["repeat"]):
        start = time.perf_counter()
        tasks[request["task"]]().numpy()
        times.append((time.perf_counter() - start) * 1000)
    cpu = (time.process_time() - before) * 1000 / len(times)
    say({"times": times, "cpu": cpu})
