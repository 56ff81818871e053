"""PyTorch as a peer of the benchmark; see bench/worker.ts for the protocol.

    python3 bench/peers/torch_worker.py THREADS BATCH contiguous|channels_last
"""
import json
import sys
import time

threads, batch, layout = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def say(value):
    print(json.dumps(value), flush=True)


try:
    import torch
    from torch import nn
except ImportError as error:
    say({"failure": str(error)})
    sys.exit()

torch.set_num_threads(threads)
torch.manual_seed(1)
memory_format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
model = nn.Sequential(
    nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10),
).to(memory_format=memory_format)
optimizer = torch.optim.Adam(model.parameters())
loss_of = nn.CrossEntropyLoss()
images = torch.rand(batch, 1, 28, 28)
images = torch.where(torch.rand_like(images) < 0.8, torch.zeros(()), images)
images = images.contiguous(memory_format=memory_format)
labels = torch.randint(0, 10, (batch,))


def training_step():
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(model(images), labels)
    loss.backward()
    optimizer.step()
    loss.item()


def forward():
    with torch.no_grad():
        model(images).numpy()


def gradient(x):
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(loss_of(model(x), labels), x)[0]


def input_gradient():
    gradient(images).sign().numpy()


def pgd_40():
    x = images
    for _ in range(40):
        x = x.detach() + 0.01 * gradient(x).sign()
        x = torch.minimum(torch.maximum(x, images - 0.1), images + 0.1).clamp(0, 1)
    x.detach().numpy()


tasks = {
    "training step": training_step,
    "forward": forward,
    "input gradient": input_gradient,
    "pgd-40": pgd_40,
}
say({"name": f"PyTorch {torch.__version__} ({layout})"})
for line in sys.stdin:
    request = json.loads(line)
    times = []
    before = time.process_time()
    for _ in range(request["repeat"]):
        start = time.perf_counter()
        tasks[request["task"]]()
        times.append((time.perf_counter() - start) * 1000)
    cpu = (time.process_time() - before) * 1000 / len(times)
    say({"times": times, "cpu": cpu})
