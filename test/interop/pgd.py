"""What the origins share: their data, PGD without a random start, and the table of models."""

import json
import os
import sys

import numpy as np

folder = sys.argv[1]
train_images = np.load(f"{folder}/train_images.npy")
train_labels = np.load(f"{folder}/train_labels.npy").astype("int64")
images = np.load(f"{folder}/images.npy")
labels = np.load(f"{folder}/labels.npy").astype("int64")

EPS, STEPS = 0.1, 20


def robust_accuracy(gradient, classify, count=500):
    """The share of right answers that PGD (Linf, 1.25 eps / steps a step) leaves."""
    start, truth = images[:count], labels[:count]
    current = start.copy()
    for _ in range(STEPS):
        current = current + 1.25 * EPS / STEPS * np.sign(gradient(current, truth))
        current = np.clip(np.clip(current, start - EPS, start + EPS), 0, 1).astype("float32")
    return float(np.mean(classify(current) == truth))


def report(name, scores, gradient, classify, files):
    """Adds a model to the table.

    `scores` are those of the test images in its own toolkit; `gradient(images, labels)` is that of
    the cross-entropy. `files` are what was written of it: names in the folder, or pairs of a name and
    what the import is told, such as `{"output": "logits"}`.
    """
    clean = float(np.mean(classify(images) == labels))
    robust = robust_accuracy(gradient, classify)
    np.save(f"{folder}/{name}.npy", scores.astype("float32"))
    with open(f"{folder}/zoo.jsonl", "a") as table:
        for file in files:
            source, options = (file, {}) if isinstance(file, str) else file
            assert os.path.exists(f"{folder}/{source}"), source
            row = {"name": name, "source": source, "options": options, "robust": robust}
            table.write(json.dumps(row) + "\n")
    print(f"{name}: {clean:.3f} of clean images, {robust:.3f} under PGD", flush=True)
