"""Figures of graphs, panels, fields and schemes with numbers as pages have them, for checks of all figures."""

import numpy as np
import torch

from dlbook import autograd, plots
from dlbook.autograd import Variable

DRAWS = torch.randn(60, 2, generator=torch.Generator().manual_seed(1))
NUMBERS = DRAWS.flatten()
XS = torch.linspace(-2, 2, 61)
SIDE = (DRAWS.prod(1) > 0).long()
LONG = torch.arange(1, 31)
STEPS = [
    ("batch", "x, y = next(batches)"),
    ("forward", "logits = model(x)"),
    ("loss", "loss = loss_fn(logits, y)"),
    ("forget", "optimizer.zero_grad()"),
    ("backward", "loss.backward()"),
    ("step", "optimizer.step()"),
]


def bowl(w, b):
    return (w**2 + 10 * b**2) / 2


def descent(rate, momentum=0.0, steps=30):
    """Gradient descent on the bowl: the points it visits, (steps + 1, 2)."""
    at, speed = torch.tensor([-1.8, 1.6]), torch.zeros(2)
    points = [at]
    for _ in range(steps):
        speed = momentum * speed + at * torch.tensor([1.0, 10.0])
        at = at - rate * speed
        points.append(at)
    return torch.stack(points)


def engine_graph():
    w, x, b = Variable(2.0, True, "w"), Variable(3.0, name="x"), Variable(1.0, True, "b")
    return plots.graph((w * x + b) ** 2)


def shared_graph():
    w = torch.tensor(2.0, requires_grad=True)
    z = torch.exp(w)
    return plots.graph(z * z + w * z, {"w": w, "z": z})


def mlp_graph():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))
    loss = torch.nn.functional.cross_entropy(model(torch.randn(5, 4)), torch.arange(5) % 3)
    loss.backward()
    return plots.graph(loss, dict(model.named_parameters()) | {"loss": loss}, gradients=True)


def engine_mlp_graph():
    sizes = {"W1": (4, 6), "b1": (6,), "W2": (6, 3), "b2": (3,)}
    p = {name: Variable(np.ones(size), True, name) for name, size in sizes.items()}
    hidden = autograd.relu(Variable(np.ones((5, 4)), name="X") @ p["W1"] + p["b1"])
    return plots.graph(autograd.cross_entropy(hidden @ p["W2"] + p["b2"], np.arange(5) % 3))


def unrolled_graph():
    W, h = torch.eye(2, requires_grad=True), torch.zeros(2, 1)
    for _ in range(4):
        h = torch.tanh(W @ h + 1)
    return plots.graph(h.sum(), {"W": W}, shapes=False)


def activations():
    x = torch.linspace(-3, 3, 121, requires_grad=True)
    names = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus")
    panels = {}
    for name in names:
        y = getattr(torch.nn.functional, name)(x)
        panels[name] = (x, y, *torch.autograd.grad(y.sum(), x))
    return panels


def optimizers(count):
    names = ["SGD", "momentum", "Nesterov", "RMSprop", "Adam", "AdamW with decay"][:count]
    curves = {name: 3 * torch.exp(-LONG / (9 - 1.2 * i)) + 0.01 * (i + 1) for i, name in enumerate(names)}
    return curves, {name: (0.8 * y, 1.25 * y) for name, y in curves.items()}


def crowded_lines():
    curves, bands = optimizers(6)
    return plots.lines(LONG, curves, bands=bands, logy=True, xlabel="epoch", ylabel="loss", width=6.5)


MORE = {
    "graph of the engine": engine_graph,
    "graph of shared values": shared_graph,
    "graph of an MLP": mlp_graph,
    "graph of an MLP of the engine": engine_mlp_graph,
    "graph unrolled": unrolled_graph,
    "functions": lambda: plots.functions(activations()),
    "functions in three columns": lambda: plots.functions(
        activations(), columns=3, width=6.5, ylim=(-1.5, 3), title="Activations"
    ),
    "function without slope": lambda: plots.functions({"line": (XS, 2 * XS, None)}),
    "histogram grid": lambda: plots.histogram_grid(
        {f"layer {i + 1}": NUMBERS * 0.5**i for i in range(5)}, xlabel="activation", limits=(-1.5, 1.5), title="Layers"
    ),
    "histogram grid with a threshold": lambda: plots.histogram_grid(
        {f"group {i + 1}": NUMBERS + i for i in range(4)}, xlabel="score", threshold=0.5
    ),
    "histogram grid of one value": lambda: plots.histogram_grid({"dead": [0.0] * 9}, columns=1),
    "images in grey": lambda: plots.images(
        torch.linspace(0, 1, 64).view(1, 8, 8).expand(7, 8, 8),
        titles=[f"{i} / {i + i % 2}" for i in range(7)],
        wrong=[i % 2 for i in range(7)],
        title="Truth / prediction",
    ),
    "images in colour": lambda: plots.images((torch.arange(1152).view(6, 3, 8, 8) % 256).to(torch.uint8), title="Six"),
    "scatter": lambda: plots.scatter(
        XS,
        XS**2,
        xlabel="x",
        ylabel="y",
        fits={"line": lambda x: 0 * x + 1.3, "parabola": lambda x: x**2, "points": ([-2, 2], [1.2, 1.4])},
        residuals="line",
    ),
    "landscape": lambda: plots.landscape(
        bowl,
        XS,
        XS,
        xlabel="w",
        ylabel="b",
        log=True,
        trajectories={"SGD": descent(0.18), "momentum": descent(0.05, 0.8), "small steps": descent(0.03)},
        marks={"minimum": (0, 0)},
    ),
    "landscape with equal axes": lambda: plots.landscape(bowl, XS, XS[20:41], xlabel="w", ylabel="b", equal=True),
    "mosaic": lambda: plots.mosaic(torch.eye(6).expand(10, 6, 6), rows=["seen", "rebuilt"], columns=5),
    "mosaic as a map": lambda: plots.mosaic(torch.linspace(0, 0.5, 80).view(5, 4, 4), rows=["map"], gap=False, width=2),
    "clouds": lambda: plots.clouds({"draws": DRAWS, "twice": 2 * DRAWS}, marks=[[0, 0], [1, 1]], limits=(-3, 3)),
    "clouds in one panel": lambda: plots.clouds({"a line": torch.stack([XS, XS], 1)}, title="Points"),
    "decision": lambda: plots.decision(lambda p: p[:, :1] * p[:, 1:] - 0.2, DRAWS, SIDE, names=["other", "same sign"]),
    "decision for XOR": lambda: plots.decision(
        lambda p: (p[:, 0] > 0.5) ^ (p[:, 1] > 0.5), [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    ),
    "cycle": lambda: plots.cycle(STEPS, "one training\nstep"),
    "cycle of short steps": lambda: plots.cycle([(name, "") for name, _ in STEPS], "one training step"),
    "cycle of five": lambda: plots.cycle(STEPS[:5]),
    "cycle of three": lambda: plots.cycle(STEPS[1:4], "again and again"),
    "chain": lambda: plots.chain(STEPS),
    "chain of five": lambda: plots.chain(STEPS[:5]),
    "sweep": lambda: plots.sweep(
        np.logspace(-3, 1, 9),
        {
            name: [0.1 + 0.2 * (k - low) ** 2 if k < 8 else np.nan for k in range(9)]
            for name, low in (("RMSprop", 2), ("Adam", 2.6), ("momentum", 4), ("SGD", 6))
        },
        xlabel="learning rate",
        ylabel="validation loss",
        most=5,
    ),
    "network": lambda: plots.network((2, 3, 1), links=["W1 (3, 2)", "W2 (1, 3)"]),
    "network of wide layers": lambda: plots.network((784, 128, 10), ["pixels", "hidden", "classes"]),
    "lines, six with bands": crowded_lines,
    "lines that diverge": lambda: plots.lines(
        range(4),
        {"fine": [3, 2, 1, 0.5], "diverges": [3, 30, float("inf"), float("nan")]},
        xlabel="epoch",
        ylabel="loss",
        logy=True,
    ),
}

AXIS = torch.linspace(-4, 4, 81)
BELL = torch.exp(-0.5 * AXIS**2)
MANY = torch.randn(400, 2, generator=torch.Generator().manual_seed(1))

MORE |= {
    "bars": lambda: plots.bars(
        range(2, 13), {"exact": torch.arange(11), "10 throws": torch.arange(11) + 0.5}, xlabel="sum", ylabel="share"
    ),
    "bars of one series": lambda: plots.bars("abcd", {"p": [0.5, 0.25, 0.125, 0.125]}, ylabel="probability"),
    "histograms": lambda: plots.histograms(
        {"n = 1": MANY[:, 0], "n = 4": MANY[:, 1], "n = 32": MANY[:, 0]}, curve=(AXIS, BELL / 2.507), xlabel="mean"
    ),
    "histogram alone": lambda: plots.histograms({"draws": MANY[:, 0]}, xlabel="x"),
    "densities": lambda: plots.densities(AXIS, {"narrow": BELL**4 * 2, "wide": BELL}, xlabel="x"),
    "densities at the same place": lambda: plots.densities(AXIS, {"one": BELL, "two": BELL, "three": BELL}, xlabel="x"),
    "densities at the edge": lambda: plots.densities(
        AXIS, {"a long name at the edge": AXIS + 4}, xlabel="x", ylabel="y"
    ),
    "contours": lambda: plots.contours(
        AXIS,
        AXIS[::2],
        BELL[::2, None] * BELL,
        xlabel="x",
        ylabel="y",
        levels={0.1: "low", 0.6: "high"},
        points=MANY,
        marks={"top": (0.0, 0.0), "other": (1.0, -3.0)},
    ),
    "contours plain": lambda: plots.contours(
        AXIS, AXIS, BELL[:, None] * BELL, xlabel="x", ylabel="y", levels=[0.2, 0.5]
    ),
}

WAVE = torch.sin(torch.arange(24) / 3)

MORE |= {
    "gate strips": lambda: plots.gate_strips(
        {"input": WAVE, "memory": WAVE.cumsum(0) / 5},
        {"forget": torch.sigmoid(3 * WAVE), "input": torch.stack([WAVE.abs(), WAVE**2, 1 - WAVE.abs()])},
        marks=(4, 15),
    ),
    "scheme of an LSTM": lambda: plots.cell_scheme("lstm"),
    "scheme of a GRU": lambda: plots.cell_scheme("gru"),
}

EDGE = torch.tensor([[0.0, 0, 0, 9, 9, 9], [0, 0, 9, 9, 9, 9], [0, 0, 9, 9, 9, 0], [0, 0, 9, 9, 0, 0]])
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
RIPPLES = torch.sin(torch.arange(12 * 16 * 16) / 7).view(12, 16, 16)
GARMENTS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
TAKEN = torch.arange(100).view(10, 10) * 37 % 11 * (torch.arange(100).view(10, 10) % 3 > 0) + 90 * torch.eye(10).int()
LENET = [
    ("picture", (3, 32, 32)),
    ("Conv2d", (6, 28, 28)),
    ("MaxPool2d", (6, 14, 14)),
    ("Conv2d", (16, 10, 10)),
    ("MaxPool2d", (16, 5, 5)),
    ("Linear", (120,)),
    ("Linear", (84,)),
    ("Linear", (10,)),
]

MORE |= {
    "convolution": lambda: plots.convolution(EDGE, SOBEL, at=(1, 2)),
    "convolution padded, with stride": lambda: plots.convolution(EDGE, SOBEL, at=(1, 0), stride=2, padding=1),
    "convolution dilated": lambda: plots.convolution(torch.arange(49).view(7, 7), SOBEL[:2].int(), dilation=(3, 2)),
    "convolution of long numbers": lambda: plots.convolution(DRAWS[:6].view(3, 4), DRAWS[6:8]),
    "convolution of a long kernel": lambda: plots.convolution(LONG[:16].view(2, 8), -LONG[:6].view(1, 6)),
    "trace": lambda: plots.trace(LENET),
    "trace of many channels": lambda: plots.trace(
        [("picture", (3, 224, 224)), ("stem", (64, 56, 56)), ("stage 4", (512, 7, 7)), ("mean", (512,))]
    ),
    "trace of vectors": lambda: plots.trace([("Linear", (120,)), ("Linear", (10,))]),
    "feature maps": lambda: plots.feature_maps(RIPPLES, titles=[f"channel {i}" for i in range(12)]),
    "feature maps together": lambda: plots.feature_maps(RIPPLES[:5, None].relu(), together=True, title="After ReLU"),
    "receptive": lambda: plots.receptive(torch.outer(BELL[20:61:2], BELL[20:61:2]), 21),
    "receptive at the edge": lambda: plots.receptive(BELL[:40].view(5, 8), (5, 6), label="box"),
    "overlay": lambda: plots.overlay(
        torch.linspace(0, 0.4, 64).view(1, 8, 8).expand(5, 8, 8),
        RIPPLES[:5, :4, :4].relu(),
        titles=[f"class {i}" for i in range(5)],
        inverted=True,
        title="Where",
    ),
    "overlay of colours": lambda: plots.overlay(
        torch.full((2, 3, 8, 8), 200, dtype=torch.uint8), torch.zeros(2, 1, 2, 2), columns=2, titles=["cat", "dog"]
    ),
    "confusion": lambda: plots.confusion(TAKEN, GARMENTS),
    "confusion of digits": lambda: plots.confusion(TAKEN, [str(i) for i in range(10)], title="Digits"),
    "confusion of two": lambda: plots.confusion(np.array([[1000, 3], [12, 988]]), ["cat", "dog"]),
    "confusion of many": lambda: plots.confusion(torch.eye(40).int(), [f"class {i}" for i in range(40)]),
}

LOOKS = torch.softmax(DRAWS.flatten()[:96].view(4, 4, 6), dim=-1)

MORE |= {
    "attention": lambda: plots.attention(LOOKS[0], list("abcd"), ["the", "cat", "sat", "on", "the", "mat"]),
    "attention of four heads": lambda: plots.attention(
        LOOKS[:, :, :4] / 2, ["first", "second", "third", "fourth"], titles=[f"head {i + 1}" for i in range(4)]
    ),
    "matrix": lambda: plots.matrix(MANY[:300].view(20, 30), xlabel="column", ylabel="position", title="Codes"),
    "transformer": lambda: plots.transformer(),
    "transformer, post-norm": lambda: plots.transformer(norm_first=False),
}
