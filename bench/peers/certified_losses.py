"""Losses of certified training in PyTorch, for a test to compare with.

    python3 bench/peers/certified_losses.py > test/training/certified-losses.json

Values and gradients of every weight in float64, on a small network with random weights: interval
bounds of the differences of logits (Gowal et al. 2018), CROWN's with interval bounds inside and the lower
lines of smaller area (Zhang et al. 2018), and their mixture (CROWN-IBP, Zhang et al. 2020). Convolutions
are matrices here: their columns are what they give for the images with a single 1.
"""
import json

import torch
import torch.nn.functional as F

SIZE, CLASSES, IMAGES = 6, 4, 3
generator = torch.Generator().manual_seed(1)


def random(*shape, scale=0.5):
    return (scale * torch.randn(shape, generator=generator, dtype=torch.float64)).requires_grad_()


# Kernels as TensorFlow has them: [height, width, in, out], and [in, out].
weights = {
    "conv1/kernel": random(3, 3, 1, 2),
    "conv1/bias": random(2),
    "conv2/kernel": random(2, 2, 2, 3),
    "conv2/bias": random(3),
    "dense1/kernel": random(12, 5),
    "dense1/bias": random(5),
    "logits/kernel": random(5, CLASSES),
    "logits/bias": random(CLASSES),
}


def matrix(kernel, side, stride):
    """A valid convolution on [side, side, channels] as a matrix [inputs, outputs], pixels first."""
    channels = kernel.shape[2]
    units = torch.eye(side * side * channels, dtype=torch.float64)
    images = units.reshape(-1, side, side, channels).permute(0, 3, 1, 2)
    given = F.conv2d(images, kernel.permute(3, 2, 0, 1), stride=stride)
    return given.permute(0, 2, 3, 1).reshape(len(units), -1)


def layers():
    """Every layer but the last as a matrix and the biases of its outputs; ReLUs between."""
    w = weights
    return [
        (matrix(w["conv1/kernel"], SIZE, 1), w["conv1/bias"].repeat(16)),
        (matrix(w["conv2/kernel"], 4, 2), w["conv2/bias"].repeat(4)),
        (w["dense1/kernel"], w["dense1/bias"]),
    ]


def differences(label):
    """Rows [classes, features] and constants of every logit minus the label's."""
    kernel, bias = weights["logits/kernel"].T, weights["logits/bias"]
    return kernel - kernel[label], bias - bias[label]


def interval(low, high):
    """Interval bounds of the sums that each ReLU reads, and of what the last layer reads."""
    sums = []
    for kernel, bias in layers():
        positive, negative = kernel.clamp_min(0), kernel.clamp_max(0)
        below = low @ positive + high @ negative + bias
        above = high @ positive + low @ negative + bias
        sums.append((below, above))
        low, high = below.relu(), above.relu()
    return sums, (low, high)


def upper(rows, constants, low, high):
    return rows.clamp_min(0) @ high + rows.clamp_max(0) @ low + constants


def crown(sums, low, high, label):
    rows, constants = differences(label)
    for (kernel, bias), (below, above) in reversed(list(zip(layers(), sums))):
        active, inactive = (below >= 0).double(), (above <= 0).double()
        open_ = 1 - active - inactive
        slope = above / (above - below)
        upper_slope = active + open_ * slope
        upper_offset = open_ * -below * slope
        lower_slope = active + open_ * (above > -below).double()
        constants = constants + rows.clamp_min(0) @ upper_offset
        rows = rows.clamp_min(0) * upper_slope + rows.clamp_max(0) * lower_slope
        constants = constants + rows @ bias
        rows = rows @ kernel.T
    return upper(rows, constants, low, high)


def case(share, eps):
    pixels = torch.rand((IMAGES, SIZE * SIZE), generator=generator, dtype=torch.float64)
    labels = torch.randint(CLASSES, (IMAGES,), generator=generator)
    worst = []
    for image, label in zip(pixels, labels):
        low, high = (image - eps).clamp(0, 1), (image + eps).clamp(0, 1)
        sums, last = interval(low, high)
        by_interval = upper(*differences(label), *last)
        worst.append(share * crown(sums, low, high, label) + (1 - share) * by_interval)
    loss = F.cross_entropy(torch.stack(worst), labels)
    gradients = torch.autograd.grad(loss, list(weights.values()))
    return {
        "linearShare": share,
        "eps": eps,
        "images": pixels.tolist(),
        "labels": labels.tolist(),
        "worst": torch.stack(worst).tolist(),
        "loss": loss.item(),
        "gradients": {name: one.flatten().tolist() for name, one in zip(weights, gradients)},
    }


def rounded(value):
    """Nine digits: far more than the comparison needs."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


cases = [case(share, eps) for share, eps in [(0, 0.1), (1, 0.1), (0.4, 0.1), (1, 0.3)]]
flat = {name: one.flatten().tolist() for name, one in weights.items()}
print(json.dumps(rounded({"weights": flat, "cases": cases})))
