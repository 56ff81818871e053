"""Where the authors' APGD and FAB go on a tiny network: what test/attacks/reference.test.ts expects.

    python3 bench/peers/reference_trajectories.py > test/attacks/reference.json

Needs torch and pyautoattack (the authors' repository, packaged). Every number given to the attacks
is a small multiple of a power of two, so that both sides start from the same bits; the points are
those at which the attack asked the model, call by call: of each, the sum of its features weighted
1, 2, 3 and so on.
"""
import json
import sys

import torch
from pyautoattack.autopgd_base import APGDAttack, APGDAttack_targeted, L1_projection
from pyautoattack.fab_pt import FABAttack_PT

FEATURES, HIDDEN, CLASSES, CANDIDATES, KEPT = 12, 8, 5, 2000, 6
SHAPE = (1, 3, 4)
WEIGHTS = torch.arange(1.0, FEATURES + 1)
EPS = {"Linf": 0.09375, "L2": 0.3125, "L1": 0.5}

torch.manual_seed(4)
generator = torch.Generator().manual_seed(4)


def grid(shape, step, low, high):
    return torch.randint(low, high, shape, generator=generator).float() * step


first = grid((FEATURES, HIDDEN), 1 / 4, -8, 9)
second = grid((HIDDEN, CLASSES), 1 / 8, -12, 13)
bias = grid((HIDDEN,), 1 / 8, -6, 7)


class Recorder(torch.nn.Module):
    """The network, keeping the images of every call."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def forward(self, images):
        flat = images.reshape(len(images), FEATURES)
        self.calls.append(flat.detach().clone())
        return torch.tanh((flat - 0.5) @ first + bias) @ second


def numbers(tensor):
    return [round(value, 5) for value in tensor.flatten().tolist()]


def at(calls, picks, rows):
    return [{"call": pick, "sums": numbers(calls[pick][rows] @ WEIGHTS)} for pick in picks]


def runners_up(images):
    return Recorder()(images).sort(dim=1)[1][:, -2]


class Targeted(APGDAttack_targeted):
    """The code compares the first step's loss with 0, the paper (and we) with the start's.

    A constant on top makes that one comparison come out as the paper's, and no other.
    """

    def dlr_loss_targeted(self, logits, labels):
        return super().dlr_loss_targeted(logits, labels) + 4


def apgd(norm, loss, steps, images, labels, starts):
    network = Recorder()
    kind = Targeted if loss == "dlr-targeted" else APGDAttack
    options = {} if loss == "dlr-targeted" else {"loss": loss}
    attack = kind(network, n_iter=steps, norm=norm, eps=EPS[norm], device="cpu", **options)
    attack.init_hyperparam(images)
    attack.y_target = runners_up(images)
    if norm != "L1":
        *_, acc, _, _ = attack.attack_single_run(images, labels, x_init=starts)
    else:
        # decr_eps_pgd from a given start: its own is random (and, by a slip, not around the image).
        points = starts
        for radius, share in ((3, 0.3), (2, 0.3), (1, 0.4)):
            attack.n_iter, attack.eps = round(share * steps), radius * EPS[norm]
            points = points + L1_projection(images, points - images, attack.eps)
            points, acc, _, _ = attack.attack_single_run(images, labels, x_init=points)
    return network.calls, acc


def apgd_case(norm, loss, steps):
    values = (0, 2) if norm == "L1" else (8, 25)  # L1: at the box, where x + d - d is x in float32
    images = grid((CANDIDATES, *SHAPE), 1 if norm == "L1" else 1 / 32, *values)
    labels = Recorder()(images).max(1)[1]
    starts = (images + grid(images.shape, 1 / 128, -3, 4)).clamp(0, 1)
    calls, standing = apgd(norm, loss, steps, images, labels, starts)
    rows = standing.nonzero().flatten()[:KEPT]
    assert len(rows) == KEPT, (norm, loss, len(rows))
    picks = [2, 23, 30, 45, 60, 72, 82, 90]
    return {
        "attack": "apgd", "norm": norm, "eps": EPS[norm], "loss": loss, "steps": steps,
        "images": numbers(images[rows]), "starts": numbers(starts[rows]),
        "labels": labels[rows].tolist(), "targets": runners_up(images)[rows].tolist(),
        "calls": at(calls, picks, rows),
    }  # fmt: skip


def fab_case(norm, steps):
    images = grid((KEPT, *SHAPE), 1 / 32, 4, 29)
    network = Recorder()
    labels = network(images).max(1)[1]
    network.calls.clear()
    attack = FABAttack_PT(network, norm=norm, n_iter=steps, targeted=True, device="cpu")
    attack.target_class = 2
    attack.attack_single_run(images, labels, is_targeted=True)
    picks = [2 + 2 * step for step in (1, 2, 3, 5, steps - 1)]
    return {
        "attack": "fab", "norm": norm, "steps": steps, "images": numbers(images),
        "labels": labels.tolist(), "calls": at(network.calls, picks, slice(None)),
    }  # fmt: skip


json.dump(
    {
        "shape": [3, 4, 1],
        "classes": CLASSES,
        "first": numbers(first),
        "bias": numbers(bias),
        "second": numbers(second),
        "cases": [
            apgd_case("Linf", "dlr-targeted", 100),
            apgd_case("L2", "ce", 100),
            apgd_case("L2", "dlr-targeted", 100),
            apgd_case("L1", "dlr-targeted", 100),
            fab_case("Linf", 20),
            fab_case("L2", 20),
            fab_case("L1", 20),
        ],
    },
    sys.stdout,
)
print()
