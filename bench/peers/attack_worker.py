"""Foolbox and AutoAttack on an exported `cnn` model; see bench/attacks.ts for the protocol.

    python3 bench/peers/attack_worker.py WEIGHTS.npz MNIST_FOLDER THREADS < jobs.json

Reads a list of jobs {"attack", "eps", "samples", "steps"?} and prints one JSON line for each:
{"robust": [bool ...], "seconds": s} or {"failure": why}. The models see images in [0, 1] and give
logits, as here.
"""
import json
import sys
import time

weights_path, data_folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
jobs = json.load(sys.stdin)


def say(value):
    print(json.dumps(value), flush=True)


try:
    import foolbox
    import numpy as np
    import torch
    from torch import nn
except ImportError as error:
    for _ in jobs:
        say({"failure": str(error)})
    sys.exit()

torch.set_num_threads(threads)
torch.manual_seed(1)
weights = np.load(weights_path)


class Cnn(nn.Module):
    """conv32-pool-conv64-pool-fc128-fc10, as src/models/architectures.ts builds it."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dense1, self.logits = nn.Linear(1600, 128), nn.Linear(128, 10)
        self.pool = nn.MaxPool2d(2)
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
        return self.logits(torch.relu(self.dense1(x)))


def idx(name, offset, shape):
    with open(f"{data_folder}/{name}", "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset).reshape(shape).copy()


model = Cnn().eval()
images = torch.tensor(idx("t10k-images-idx3-ubyte", 16, (-1, 1, 28, 28))).float() / 255
labels = torch.tensor(idx("t10k-labels-idx1-ubyte", 8, (-1,))).long()


def run(job):
    x, y = images[: job["samples"]], labels[: job["samples"]]
    started = time.perf_counter()
    if job["attack"] == "autoattack":
        from pyautoattack import AutoAttack

        attack = AutoAttack(model, eps=job["eps"], norm="Linf", seed=1)
        result = attack.run_standard_evaluation(x, y, batch_size=250)
        moved = result[0] if isinstance(result, tuple) else result
    else:
        attack = (
            foolbox.attacks.LinfFastGradientAttack()
            if job["attack"] == "fgsm"
            else foolbox.attacks.LinfPGD(steps=job["steps"], rel_stepsize=2.5 / job["steps"])
        )
        wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
        parts = [
            attack(wrapped, x[i : i + 250], y[i : i + 250], epsilons=job["eps"])[1]
            for i in range(0, len(x), 250)
        ]
        moved = torch.cat(parts)
    seconds = time.perf_counter() - started
    with torch.no_grad():
        standing = (model(moved).argmax(1) == y) & (model(x).argmax(1) == y)
    return {"robust": standing.tolist(), "seconds": seconds}


for job in jobs:
    try:
        say(run(job))
    except Exception as error:  # a missing package is one job's failure, not all jobs'
        say({"failure": f"{type(error).__name__}: {error}"})
