"""The same training steps in PyTorch, as a yardstick: `main.rs` starts this and asks for rounds in turn with its own.

    python torch_step.py VARIANT MODE THREADS BATCH STEPS WIDTH STYLE_DIM LABELLED NOISE

Networks, phases and losses are those of the presets `aae` and `semi-supervised-100`: per step the reconstruction phase, each
discriminator's phase, the generator's, and for the latter the classification phase, each with an optimizer of its own. One
encoder pass serves discriminators and generator, as in the Rust code. MODE: `eager` (PyTorch's default optimizers), `fused` (fused
ones), `compile` (networks through torch.compile, fused optimizers), `bf16` (bfloat16 autocast, fused optimizers).

WIDTH: units of each hidden layer. LABELLED: images of a classification phase. NOISE: standard deviation of what is added to the
encoder's input.

The first line on standard output, `ready`, says that torch is there. Then each line on standard input asks for a round of STEPS
steps, and each line on standard output is its milliseconds per step.
"""
import contextlib
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

variant, mode, threads, batch, steps, width, style_dim, labelled = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:9])
noise = float(sys.argv[9])
torch.set_num_threads(threads)
torch.manual_seed(0)
semi = variant == "semi_supervised"
classes = 10 if semi else 0


def mlp(inputs, outputs):
    net = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs))
    return torch.compile(net) if mode == "compile" else net


encoder, decoder = mlp(784, style_dim + classes), mlp(style_dim + classes, 784)
style_discriminator = mlp(style_dim, 1)
label_discriminator = mlp(classes, 1) if semi else None
discriminators = [style_discriminator] + ([label_discriminator] if semi else [])


def optimizer(*networks):
    params = [p for network in networks for p in network.parameters()]
    fused = mode != "eager"
    if semi:
        return torch.optim.SGD(params, lr=1e-3, momentum=0.9, fused=fused)
    return torch.optim.Adam(params, lr=1e-4, fused=fused)


reconstruction_optimizer = optimizer(encoder, decoder)
discriminator_optimizers = [optimizer(network) for network in discriminators]
generator_optimizer = optimizer(encoder)
classification_optimizer = optimizer(encoder)
images = torch.rand(60000, 784)
ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
bce = F.binary_cross_entropy_with_logits


def cast():
    return torch.autocast("cpu", dtype=torch.bfloat16) if mode == "bf16" else contextlib.nullcontext()


def corrupted(x):
    return x + noise * torch.randn_like(x) if noise else x


def codes(x):
    """Style, and probabilities of the label if there is one."""
    out = encoder(x).float()
    return [out[:, :style_dim]] + ([F.softmax(out[:, style_dim:], 1)] if semi else [])


def move(loss, optimizer):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def step(i):
    at = i * batch % (len(images) - batch)
    clean = images[at : at + batch]
    x = corrupted(clean)
    with cast():
        logits = decoder(torch.cat(codes(x)[::-1], 1))
    error = (torch.sigmoid(logits.float()) - clean) ** 2
    move(0.5 * error.sum(1).mean() if semi else error.mean(), reconstruction_optimizer)

    with cast():
        fake = codes(x)
    real = [(1.0 if semi else 5.0) * torch.randn(batch, style_dim)]
    if semi:
        real.append(F.one_hot(torch.randint(classes, (batch,)), classes).float())
    for network, optimizer, r, f in zip(discriminators, discriminator_optimizers, real, fake):
        with cast():
            judged_real, judged_fake = network(r), network(f.detach())
        move(bce(judged_real.float(), ones) + bce(judged_fake.float(), zeros), optimizer)
    with cast():
        judged = [network(f) for network, f in zip(discriminators, fake)]
    move(sum(bce(j.float(), ones) for j in judged), generator_optimizer)

    if semi:
        labels = torch.arange(labelled) % classes
        with cast():
            out = encoder(corrupted(images[:labelled]))
        move(F.cross_entropy(out[:, style_dim:].float(), labels), classification_optimizer)


print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    for i in range(steps):
        step(i)
    print(1000 * (time.perf_counter() - start) / steps, flush=True)
