"""Answers of onnxruntime to random images, for every ONNX file below a folder.

Usage: reference_onnx.py OUT FOLDER. Writes `K.images.npy` `[100, H x W x C]`, in the order in which
this program keeps pixels, and `K.scores.npy` `[100, classes]`; prints a line of K and the file for each.
"""

import pathlib
import sys

import numpy as np
import onnxruntime

out, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
COUNT = 100
random = np.random.default_rng(1)

for number, file in enumerate(sorted(folder.rglob("*.onnx"))):
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    shape = [axis if isinstance(axis, int) and axis > 0 else 1 for axis in given.shape]
    batch = random.random((COUNT, *shape), dtype="float32")
    scores = [session.run(None, {given.name: one})[0].reshape(-1) for one in batch]
    images = batch.reshape(COUNT, *shape[-3:]) if len(shape) >= 3 else batch
    if len(shape) == 4:
        images = images.transpose(0, 2, 3, 1)
    np.save(out / f"{number}.images.npy", np.ascontiguousarray(images.reshape(COUNT, -1)))
    np.save(out / f"{number}.scores.npy", np.stack(scores))
    print(number, file, flush=True)
