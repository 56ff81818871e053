"""What the origins share: their data, and PGD without a random start."""

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


def report(name, scores, gradient, classify):
    clean = float(np.mean(classify(images) == labels))
    robust = robust_accuracy(gradient, classify)
    np.save(f"{folder}/{name}.npy", scores.astype("float32"))
    np.save(f"{folder}/{name}.rates.npy", np.array([clean, robust], "float32"))
    print(f"{name}: {clean:.3f} of clean images, {robust:.3f} under PGD", flush=True)
