"""Trains PyTorch classifiers and exports them to ONNX, with the old exporter and the new one."""

import warnings

warnings.filterwarnings("ignore")

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from pgd import folder, images, report, train_images, train_labels


class LogSoftmax(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2)
        self.dropout = nn.Dropout(0.3)
        self.fc1 = nn.Linear(32 * 6 * 6, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv1((x - 0.1307) / 0.3081))), 2)
        x = F.relu(self.conv2(x))
        x = self.dropout(F.relu(self.fc1(x.reshape(x.size(0), -1))))
        return F.log_softmax(self.fc2(x), dim=1)


def batch_norm_1d():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10)
    )


class Squeeze(nn.Module):
    """The squeeze-and-excitation block of MobileNetV3."""

    def __init__(self, channels):
        super().__init__()
        self.down = nn.Conv2d(channels, 8, 1)
        self.up = nn.Conv2d(8, channels, 1)

    def forward(self, x):
        gate = self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1))))
        return x * F.hardsigmoid(gate)


def mobile():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.Hardswish(),
        nn.Conv2d(16, 16, 3, 2, 1, groups=16, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU6(),
        Squeeze(16),
        nn.Conv2d(16, 32, 1),
        nn.SiLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


def grouped():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.PReLU(16),
        nn.Conv2d(16, 24, 3, 2, 1, groups=4),
        nn.GroupNorm(3, 24),
        nn.GELU(),
        nn.Conv2d(24, 24, 3, padding=2, dilation=2, groups=2),
        nn.PReLU(),
        nn.AvgPool2d(2, 2, 1),
        nn.Flatten(),
        nn.Linear(24 * 4 * 4, 10),
    )


class ConvNext(nn.Module):
    """A block of ConvNeXt: normalization and products with the channels last."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 4, 4)
        self.depthwise = nn.Conv2d(16, 16, 7, padding=3, groups=16)
        self.norm = nn.LayerNorm(16, eps=1e-6)
        self.up = nn.Linear(16, 64)
        self.down = nn.Linear(64, 16)
        self.scale = nn.Parameter(0.5 * torch.ones(16))
        self.last = nn.LayerNorm(16)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.down(F.gelu(self.up(y)))
        x = x + y.permute(0, 3, 1, 2)
        return self.head(self.last(x.mean([-2, -1])))


class Residual(nn.Module):
    """Branches that are subtracted, multiplied, cut and joined."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 12, 3, 2, 1)
        self.b = nn.Conv2d(1, 12, 5, 2, 2)
        self.c = nn.Conv2d(18, 16, 3, 2)
        self.fc = nn.Linear(16 * 6 * 6, 10)

    def forward(self, x):
        a, b = torch.tanh(self.a(x)), F.elu(self.b(x))
        left, right = (a - b).chunk(2, dim=1)
        joined = torch.cat([left * right, a[:, 3:9], torch.sigmoid(right)], dim=1)
        hidden = F.leaky_relu(self.c(joined), 0.1)
        return self.fc(torch.flatten(hidden, 1)) / 2


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        shape = (n, tokens, 3, self.heads, width // self.heads)
        q, k, v = self.qkv(x).reshape(shape).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.transpose(-2, -1)) * (width // self.heads) ** -0.5
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, tokens, width))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, 4)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class VisionTransformer(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.patches = nn.Conv2d(1, width, 7, 7)
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.places = nn.Parameter(0.02 * torch.randn(1, 17, width))
        self.blocks = nn.Sequential(Block(width), Block(width))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.places
        return self.head(self.norm(self.blocks(x))[:, 0])


class Multihead(nn.Module):
    """PyTorch's own attention, over the rows of the image."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(28, 32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.embed(x.squeeze(1))
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return self.head(F.gelu(self.norm(x), approximate="tanh").mean(1))


class TwoOutputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU())
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        features = self.features(x)
        return features, self.head(features)


def tensor(batch):
    return torch.from_numpy(np.ascontiguousarray(batch.transpose(0, 3, 1, 2)))


def output(model, x):
    result = model(x)
    return result[-1] if isinstance(result, tuple) else result


def train(model, epochs, rate=2e-3):
    torch.manual_seed(1)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    for _ in range(epochs):
        for rows in torch.randperm(len(train_images)).split(64):
            optimizer.zero_grad()
            scores = output(model, tensor(train_images[rows]))
            F.cross_entropy(scores, torch.from_numpy(train_labels[rows])).backward()
            optimizer.step()
    return model.eval()


def add(name, model, files):
    """Measures a trained model and adds its files to the table."""

    def scores(batch):
        with torch.no_grad():
            return output(model, tensor(batch)).numpy()

    def gradient(batch, truth):
        x = tensor(batch).requires_grad_()
        F.cross_entropy(output(model, x), torch.from_numpy(truth), reduction="sum").backward()
        return x.grad.numpy().transpose(0, 2, 3, 1)

    report(name, scores(images), gradient, lambda batch: scores(batch).argmax(1), files)


def export(name, model, how, opset=17):
    """Writes an ONNX file with the exporter `old`, `new`, or `fixed` (old, for one image a batch)."""
    path = f"{name}.{how}.onnx"
    names = ["features", "logits"] if isinstance(model, TwoOutputs) else ["scores"]
    given = {"input_names": ["x"], "output_names": names}
    example = (tensor(images[:2] if how == "new" else images[:1]),)
    if how == "new":
        shapes = {"dynamic_shapes": ({0: torch.export.Dim("n")},), "dynamo": True, "verbose": False}
        torch.onnx.export(model, example, f"{folder}/{path}", **given, **shapes)
    else:
        axes = {} if how == "fixed" else {"dynamic_axes": {key: {0: "n"} for key in ["x", *names]}}
        torch.onnx.export(
            model, example, f"{folder}/{path}", **given, **axes, opset_version=opset, dynamo=False
        )
    return (path, {"output": "logits"}) if len(names) > 1 else path


# name, network, epochs, opset of the old exporter, exporters
MODELS = [
    ("torch_log_softmax", LogSoftmax, 3, 13, ["old", "new"]),
    ("torch_batch_norm_1d", batch_norm_1d, 2, 9, ["old", "new"]),
    ("torch_mobile", mobile, 4, 14, ["old", "new"]),
    ("torch_grouped", grouped, 3, 16, ["old", "new"]),
    ("torch_convnext", ConvNext, 4, 17, ["old", "new"]),
    ("torch_residual", Residual, 2, 11, ["old", "new"]),
    ("torch_vit", VisionTransformer, 4, 13, ["old", "new", "fixed"]),
    ("torch_multihead", Multihead, 4, 17, ["old", "new"]),
    ("torch_two_outputs", TwoOutputs, 2, 17, ["old", "new"]),
]


def main():
    for name, build, epochs, opset, exporters in MODELS:
        torch.manual_seed(1)
        model = train(build(), epochs)
        add(name, model, [export(name, model, how, opset) for how in exporters])


if __name__ == "__main__":
    main()
