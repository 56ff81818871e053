"""Trains a PyTorch classifier and exports it to ONNX."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from pgd import folder, images, report, train_images, train_labels

torch.manual_seed(1)


class Net(nn.Module):
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


def tensor(batch):
    return torch.from_numpy(np.ascontiguousarray(batch.transpose(0, 3, 1, 2)))


model = Net()
optimizer = torch.optim.Adam(model.parameters(), 2e-3)
for epoch in range(3):
    order = torch.randperm(len(train_images))
    for rows in order.split(64):
        optimizer.zero_grad()
        F.nll_loss(model(tensor(train_images[rows])), torch.from_numpy(train_labels[rows])).backward()
        optimizer.step()
model.eval()


def scores(batch):
    with torch.no_grad():
        return model(tensor(batch)).numpy()


def gradient(batch, truth):
    x = tensor(batch).requires_grad_()
    F.nll_loss(model(x), torch.from_numpy(truth), reduction="sum").backward()
    return x.grad.numpy().transpose(0, 2, 3, 1)


report("torch_log_softmax", scores(images), gradient, lambda batch: scores(batch).argmax(1))
axes = {"x": {0: "n"}, "y": {0: "n"}}
torch.onnx.export(
    model,
    tensor(images[:1]),
    f"{folder}/torch_log_softmax.onnx",
    input_names=["x"],
    output_names=["y"],
    dynamic_axes=axes,
    opset_version=13,
)
