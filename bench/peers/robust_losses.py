"""Losses of robust training in PyTorch, written after the authors' code, for a test to compare with.

    python3 bench/peers/robust_losses.py > test/training/robust-losses.json

Values and gradients in float64 on random logits: of the student for clean and attacked images, and of a
teacher for both. `inner` is what the inner maximization climbs, and its gradient in the attacked logits.
Besides, the weights that AWP moves to, and how MTARD weighs its teachers.
"""
import json

import torch
import torch.nn.functional as F

ROWS, CLASSES = 6, 5


def kl(target, logits):
    """KL(target || softmax(logits)) of every row."""
    return (target * (target.clamp_min(1e-300).log() - F.log_softmax(logits, 1))).sum(1)


def pgd(clean, attacked, labels, teacher, teacher_attacked):
    return F.cross_entropy(attacked, labels), F.cross_entropy(attacked, labels, reduction="sum")


def trades(clean, attacked, labels, teacher, teacher_attacked):
    # yaodongyu/TRADES, trades.py: KLDivLoss(size_average=False) / batch size, beta = 1.
    divergence = F.kl_div(F.log_softmax(attacked, 1), F.softmax(clean, 1), reduction="sum")
    inner = F.kl_div(F.log_softmax(attacked, 1), F.softmax(clean.detach(), 1), reduction="sum")
    return F.cross_entropy(clean, labels) + divergence / len(labels), inner


def mart(clean, attacked, labels, teacher, teacher_attacked):
    # YisenWang/MART, mart.py, beta = 5.
    probabilities = F.softmax(attacked, 1)
    first_two = torch.argsort(probabilities, dim=1)[:, -2:]
    other = torch.where(first_two[:, -1] == labels, first_two[:, -2], first_two[:, -1])
    adversarial = F.cross_entropy(attacked, labels) + F.nll_loss(
        torch.log(1.0001 - probabilities + 1e-12), other
    )
    natural = F.softmax(clean, 1)
    true = natural.gather(1, labels.unsqueeze(1)).squeeze(1)
    divergence = F.kl_div(torch.log(probabilities + 1e-12), natural, reduction="none").sum(1)
    robust = (divergence * (1.0000001 - true)).sum() / len(labels)
    return adversarial + 5 * robust, F.cross_entropy(attacked, labels, reduction="sum")


def ard(clean, attacked, labels, teacher, teacher_attacked):
    # goldblum/AdversariallyRobustDistillation with alpha = 1, without the factor T^2, up to the
    # teacher's entropy: what the student can change is the cross-entropy.
    loss = -(F.softmax(teacher, 1) * F.log_softmax(attacked, 1)).sum(1).mean()
    return loss, F.cross_entropy(attacked, labels, reduction="sum")


def rslad(clean, attacked, labels, teacher, teacher_attacked):
    # zibojia/RSLAD, its divergence summed over classes (the published code takes their mean).
    soft = F.softmax(teacher, 1)
    return 5 / 6 * kl(soft, attacked).mean() + 1 / 6 * kl(soft, clean).mean(), kl(soft, attacked).sum()


def iad(clean, attacked, labels, teacher, teacher_attacked):
    # ZFancy/IAD, IAD-I after its warm-up, beta = 0.1.
    soft = F.softmax(teacher, 1)
    trust = F.softmax(teacher_attacked, 1).gather(1, labels.unsqueeze(1)).squeeze(1) ** 0.1
    own = kl(F.softmax(clean, 1), attacked)
    loss = (trust * kl(soft, attacked) + (1 - trust) * own).mean()
    return loss, F.cross_entropy(attacked, labels, reduction="sum")


def adaad(clean, attacked, labels, teacher, teacher_attacked):
    # The inner maximization differentiates both networks; the loss takes the teacher's answers as given.
    inner = F.kl_div(
        F.log_softmax(attacked, 1), F.softmax(teacher_attacked, 1), reduction="sum"
    )
    return kl(F.softmax(teacher_attacked.detach(), 1), attacked).mean(), inner


def mtard(clean, attacked, labels, teacher, teacher_attacked):
    # zhaoshiji123/MTARD at its first step: both teachers weigh one half; its divergence summed over classes.
    soft, robust = F.softmax(teacher, 1), F.softmax(teacher_attacked, 1)
    loss = kl(soft, clean).mean() / 2 + kl(robust.detach(), attacked).mean() / 2
    return loss, F.cross_entropy(attacked, labels, reduction="sum")


def weights_uphill(generator, gamma=0.01):
    # csdongxian/AWP, AT_AWP: kernels go up the loss by gamma of their length, biases stay.
    images = torch.rand((ROWS, 4), generator=generator, dtype=torch.float64)
    labels = torch.randint(CLASSES, (ROWS,), generator=generator)
    kernel = torch.randn((4, CLASSES), generator=generator, dtype=torch.float64).requires_grad_()
    bias = torch.randn(CLASSES, generator=generator, dtype=torch.float64).requires_grad_()
    (slope,) = torch.autograd.grad(F.cross_entropy(images @ kernel + bias, labels), kernel)
    moved = (kernel + gamma * kernel.norm() / slope.norm() * slope).detach().requires_grad_()
    loss = F.cross_entropy(images @ moved + bias, labels)
    gradients = torch.autograd.grad(loss, [moved, bias])
    return {
        **{name: one.tolist() for name, one in [("images", images), ("labels", labels)]},
        **{name: one.tolist() for name, one in [("kernel", kernel), ("bias", bias)]},
        "moved": moved.tolist(),
        "gradients": [one.tolist() for one in gradients],
    }


def balance(generator, steps=5, rate=0.025):
    # zhaoshiji123/MTARD: the weight of the clean teacher follows what is left of both divergences.
    losses = torch.rand((steps, 2), generator=generator, dtype=torch.float64).tolist()
    weight, weights = 0.5, []
    for clean, attacked in losses:
        left_clean, left_attacked = clean / losses[0][0], attacked / losses[0][1]
        weight = weight - rate * (weight - left_clean / (left_attacked + left_clean))
        weights.append(weight)
    return {"losses": losses, "weights": weights}


def case(loss, temperature, generator):
    sizes = (ROWS, CLASSES)
    logits = [3 * torch.randn(sizes, generator=generator, dtype=torch.float64) for _ in range(4)]
    labels = torch.randint(CLASSES, (ROWS,), generator=generator)
    clean, attacked = (one.clone().requires_grad_() for one in logits[:2])
    teacher_attacked = logits[3].clone().requires_grad_()
    scaled = [one / temperature for one in [clean, attacked, logits[2], teacher_attacked]]
    value, inner = loss(*scaled[:2], labels, *scaled[2:])
    gradients = torch.autograd.grad(value, [clean, attacked], retain_graph=True, allow_unused=True)
    slope, other = torch.autograd.grad(inner, [attacked, teacher_attacked], allow_unused=True)
    names = ["clean", "attacked", "teacher", "teacherAttacked"]
    return {
        **{name: one.tolist() for name, one in zip(names, logits)},
        "labels": labels.tolist(),
        "temperature": temperature,
        "value": value.item(),
        "gradients": [one.tolist() if one is not None else None for one in gradients],
        "innerSlope": slope.tolist(),
        "teacherSlope": other.tolist() if other is not None else None,
    }


generator = torch.Generator().manual_seed(1)
any_temperature = {"pgd": pgd, "trades": trades, "mart": mart, "ard": ard}
plain = {"rslad": rslad, "iad": iad, "adaad": adaad}
# After those before it, whose numbers stay what they are.
later = {"fast": pgd, "awp": pgd, "mtard": mtard}
cases = {
    **{name: [case(one, t, generator) for t in (1.0, 20.0)] for name, one in any_temperature.items()},
    **{name: [case(one, 1.0, generator)] for name, one in (plain | later).items()},
}
print(json.dumps({"losses": cases, "uphill": weights_uphill(generator), "balance": balance(generator)}))
