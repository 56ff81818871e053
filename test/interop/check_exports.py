"""Loads what this program wrote with TensorFlow, Keras, onnxruntime, NumPy and TensorBoard.

Prints one line a check: `ok NAME: figure` or `not ok NAME: reason`.
"""

import os
import subprocess
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder, *names = sys.argv[1:]
LIMIT = 1e-5


def check(name, run):
    try:
        figure = run()
        print(f"ok {name}: {figure}", flush=True)
    except Exception as error:  # each check is judged on its own
        reason = " ".join(str(error).split())[:300]
        print(f"not ok {name}: {type(error).__name__}: {reason}", flush=True)


def close(found, expected, largest=None):
    """Largest difference, relative to the largest expected value (of probabilities: logit)."""
    largest = np.abs(expected).max() if largest is None else largest
    difference = float(np.abs(found - expected).max() / largest)
    assert difference <= LIMIT, f"differs by {difference:.2e} of the largest value"
    return f"within {difference:.1e} of the largest value, {largest:.3g}"


for name in names:
    base = f"{folder}/{name}"
    images = tf.constant(np.load(f"{base}/images.npy"))
    logits = np.load(f"{base}/logits.npy")
    soft = lambda t: tf.nn.softmax(logits.astype("float64") / t).numpy()
    model = f"{base}/model"

    loaded = tf.saved_model.load(model)
    outputs = loaded.signatures["serving_default"](image=images)
    check(f"{name} tf.saved_model.load, logits", lambda: close(outputs["logits"].numpy(), logits))
    largest = np.abs(logits).max()
    check(
        f"{name} probabilities",
        lambda: close(outputs["probabilities"].numpy(), soft(1), largest),
    )

    def soft_labels():
        serve = loaded.signatures["soft_labels"]
        return close(serve(image=images, temperature=tf.constant(40.0))["probabilities"].numpy(), soft(40))

    def classes():
        wrong = int((outputs["class"].numpy() != logits.argmax(1)).sum())
        assert wrong == 0, f"{wrong} differ"
        return f"the same for {len(logits)} images"

    def checkpoint():
        reader = tf.train.load_checkpoint(f"{model}/variables/variables")
        weights = np.load(f"{base}/model.npz")
        shapes = reader.get_variable_to_shape_map()
        assert set(shapes) == set(weights.files), f"{set(shapes) ^ set(weights.files)}"
        assert all((reader.get_tensor(key) == weights[key]).all() for key in shapes)
        return f"{len(shapes)} variables, equal to the .npz bit for bit"

    def train():
        fresh = tf.saved_model.load(model)
        before = [variable.numpy() for variable in fresh.variables]
        with tf.GradientTape() as tape:
            scores = fresh.signatures["serving_default"](image=images[:32])["logits"]
            loss = tf.reduce_mean(tf.square(scores - 1))
        gradients = tape.gradient(loss, fresh.variables)
        keras.optimizers.SGD(0.1).apply_gradients(zip(gradients, fresh.variables))
        changed = sum((a != b.numpy()).any() for a, b in zip(before, fresh.variables))
        assert changed == len(before) > 0, f"only {changed} of {len(before)} variables changed"
        return f"all {changed} variables changed"

    def saved_model_cli():
        # `run` writes OUTPUT.npy into its folder: keep it away from the expected logits.
        os.makedirs(f"{base}/cli", exist_ok=True)
        tool = os.path.join(os.path.dirname(sys.executable), "saved_model_cli")
        shown = subprocess.run([tool, "show", "--dir", model, "--all"], capture_output=True, text=True)
        assert "signature_def['soft_labels']" in shown.stdout, shown.stderr[-300:]
        np.save(f"{base}/cli/few.npy", images[:3].numpy())
        command = [tool, "run", "--dir", model, "--tag_set", "serve", "--signature_def", "serving_default"]
        command += ["--inputs", f"image={base}/cli/few.npy", "--outdir", f"{base}/cli", "--overwrite"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-300:]
        return close(np.load(f"{base}/cli/logits.npy"), logits[:3])

    def onnx_runtime():
        onnx.checker.check_model(onnx.load(f"{base}/model.onnx"), full_check=True)
        session = onnxruntime.InferenceSession(f"{base}/model.onnx")
        return close(session.run(["logits"], {"image": images.numpy()})[0], logits)

    check(f"{name} soft labels at T = 40", soft_labels)
    check(f"{name} classes", classes)
    check(f"{name} tf.train.load_checkpoint", checkpoint)
    check(f"{name} a training step in TensorFlow", train)
    check(f"{name} saved_model_cli show and run", saved_model_cli)
    check(f"{name} onnxruntime", onnx_runtime)
    if not os.path.exists(f"{base}/model.keras"):
        continue
    check(
        f"{name} Keras",
        lambda: close(keras.models.load_model(f"{base}/model.keras").predict(images, verbose=0), logits),
    )


def tensorboard():
    events = EventAccumulator(f"{folder}/events", size_guidance={"images": 0, "scalars": 0})
    events.Reload()
    tags = events.Tags()
    assert tags["scalars"] == ["loss", "accuracy"], tags
    assert tags["images"] == ["digits"], tags
    steps = [(event.step, round(event.value, 4)) for event in events.Scalars("loss")]
    assert steps == [(1, 0.5), (2, 0.25)], steps
    image = events.Images("digits")[0]
    assert (image.height, image.width) == (28, 28)
    return f"scalars {tags['scalars']}, images {tags['images']}"


check("TensorBoard reads the event file", tensorboard)
