"""Foolbox and AutoAttack on an exported `cnn` model; see bench/attacks.ts for the protocol.

    python3 bench/peers/attack_worker.py WEIGHTS.npz MNIST_FOLDER THREADS < jobs.json

Reads a list of jobs {"attack", "eps", "samples", "steps", "seed", "temperature"} and prints one JSON
line for each: {"robust": [bool ...], "seconds": s}. The models see images in [0, 1] and give logits,
as here, divided by the job's temperature.
"""
import json
import sys
import time

import foolbox
import numpy as np
import torch
from torch import nn

BATCH_SIZE = 250
WARM_UP_IMAGES = 16
weights_path, data_folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
jobs = json.load(sys.stdin)
torch.set_num_threads(threads)
weights = np.load(weights_path)


class Cnn(nn.Module):
    """conv32-pool-conv64-pool-fc128-fc10, as src/models/architectures.ts builds it."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dense1, self.logits = nn.Linear(1600, 128), nn.Linear(128, 10)
        self.pool = nn.MaxPool2d(2)
        self.temperature = 1
        with torch.no_grad():
            for name in ("conv1", "conv2", "dense1", "logits"):
                layer, kernel = getattr(self, name), torch.tensor(weights[f"{name}/kernel"])
                order = (3, 2, 0, 1) if kernel.dim() == 4 else (1, 0)
                layer.weight.copy_(kernel.permute(order))
                layer.bias.copy_(torch.tensor(weights[f"{name}/bias"]))

    def forward(self, images):
        x = self.pool(torch.relu(self.conv1(images)))
        x = self.pool(torch.relu(self.conv2(x)))
        x = x.permute(0, 2, 3, 1).flatten(1)  # our flatten goes over rows, columns, channels
        return self.logits(torch.relu(self.dense1(x))) / self.temperature


def idx(name, offset, shape):
    with open(f"{data_folder}/{name}", "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset).reshape(shape).copy()


model = Cnn().eval()
images = torch.tensor(idx("t10k-images-idx3-ubyte", 16, (-1, 1, 28, 28))).float() / 255
labels = torch.tensor(idx("t10k-labels-idx1-ubyte", 8, (-1,))).long()


def run(job):
    """One attack; the first images are attacked once before, so that nothing is paid twice."""
    if job["samples"] > WARM_UP_IMAGES:
        run({**job, "samples": WARM_UP_IMAGES})
    model.temperature = job["temperature"]
    torch.manual_seed(job["seed"])
    x, y = images[: job["samples"]], labels[: job["samples"]]
    started = time.perf_counter()
    if job["attack"] == "autoattack":
        from pyautoattack import AutoAttack

        attack = AutoAttack(model, eps=job["eps"], norm="Linf", seed=job["seed"])
        result = attack.run_standard_evaluation(x, y, batch_size=BATCH_SIZE)
        moved = result[0] if isinstance(result, tuple) else result
    else:
        attack = (
            foolbox.attacks.LinfFastGradientAttack()
            if job["attack"] == "fgsm"
            else foolbox.attacks.LinfPGD(steps=job["steps"], rel_stepsize=2.5 / job["steps"])
        )
        wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
        parts = [
            attack(wrapped, x[i : i + BATCH_SIZE], y[i : i + BATCH_SIZE], epsilons=job["eps"])[1]
            for i in range(0, len(x), BATCH_SIZE)
        ]
        moved = torch.cat(parts)
    seconds = time.perf_counter() - started
    with torch.no_grad():
        standing = (model(moved).argmax(1) == y) & (model(x).argmax(1) == y)
    return {"robust": standing.tolist(), "seconds": seconds}


for job in jobs:
    print(json.dumps(run(job)), flush=True)
