"""Optimisers and schedules against torch.optim, step for step."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from dlbook import optim
from dlbook.data import batches, load
from dlbook.train import fit

STEPS = 100
SETTINGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.03}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.03}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.03}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "weight_decay": 0.03, "eps": 1e-3}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.03}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.03}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.03}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.3}),
]


def digits():
    """Pixels (n, 64) from 0 to 1 in float64, and class numbers."""
    data = load("digits")
    return data.x.flatten(1).double() / 16, data.y


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 11), nn.Tanh(), nn.Linear(11, 10)).double()


def trained(model, optimizer, steps=STEPS, each=lambda step: None):
    """Losses of the first steps on batches of digits; `each` is called after every step."""
    (x, y), losses = digits(), []
    for i in range(steps):
        rows = slice(17 * i % 1700, 17 * i % 1700 + 50)
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        each(i)
        losses.append(loss.detach())
    return torch.stack(losses)


def require_equal(ours, theirs, make_ours, make_theirs, **options):
    """The same losses and the same parameters after STEPS steps; and training changed them."""
    before = copy.deepcopy(ours)
    losses = trained(ours, make_ours(ours)), trained(theirs, make_theirs(theirs))
    torch.testing.assert_close(*losses, rtol=1e-9, atol=0, **options)
    for a, b, start in zip(ours.parameters(), theirs.parameters(), before.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-11)
        assert not torch.allclose(a, start, rtol=1e-3)


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_a_hundred_steps(name, settings):
    require_equal(
        network(), network(),
        lambda m: getattr(optim, name)(m.parameters(), **settings),
        lambda m: getattr(torch.optim, name)(m.parameters(), **settings),
    )  # fmt: skip


@pytest.mark.parametrize("settings", [{}, {"nesterov": False, "weight_decay": 0.0, "ns_steps": 3}])
@pytest.mark.parametrize("shape", [(64, 11), (11, 64)])
def test_muon(settings, shape):
    ours, theirs = ([torch.zeros(shape, dtype=torch.float64, requires_grad=True)] for _ in range(2))
    make = optim.Muon(ours, 0.02, **settings), torch.optim.Muon(theirs, 0.02, **settings)
    x, y = digits()
    for i in range(STEPS):
        for (w,), optimizer in zip((ours, theirs), make, strict=True):
            matrix = w if shape[1] == 11 else w.T
            loss = F.cross_entropy(torch.tanh(x[i : i + 50] @ matrix + 0.1)[:, :10], y[i : i + 50])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.testing.assert_close(ours[0], theirs[0], rtol=1e-8, atol=1e-11)
    assert ours[0].abs().max() > 0.1


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_the_defaults_are_torchs(name):
    def defaults(module):
        return getattr(module, name)([torch.zeros(2, requires_grad=True)]).param_groups[0]

    ours, theirs = defaults(optim), defaults(torch.optim)
    assert {k: theirs[k] for k in ours if k != "params"} == {k: v for k, v in ours.items() if k != "params"}


def test_the_defaults_of_muon_are_torchs():
    ours, theirs = (m.Muon([torch.zeros(2, 3, requires_grad=True)]).param_groups[0] for m in (optim, torch.optim))
    assert {k: theirs[k] for k in ours if k != "params"} == {k: v for k, v in ours.items() if k != "params"}


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_groups(name):
    def groups(model):
        decay = [p for p in model.parameters() if p.ndim == 2]
        return [
            {"params": decay, "weight_decay": 0.1, "lr": 0.02},
            {"params": [p for p in model.parameters() if p.ndim == 1]},
        ]

    more = {"momentum": 0.9} if name == "SGD" else {}
    require_equal(
        network(), network(),
        lambda m: getattr(optim, name)(groups(m), lr=0.05, **more),
        lambda m: getattr(torch.optim, name)(groups(m), lr=0.05, **more),
    )  # fmt: skip


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_a_parameter_without_gradient_stays_and_keeps_its_own_count(name, settings):
    """Frozen for some steps: neither moves nor ages, as in torch."""
    pairs = []
    for module in (optim, torch.optim):
        model = network()
        optimizer = getattr(module, name)(model.parameters(), **settings)
        frozen = model[0].weight

        def freeze(step, frozen=frozen):
            frozen.requires_grad_(not 9 <= step < 30)

        before = {}

        def watch(step, frozen=frozen, before=before, freeze=freeze):
            freeze(step)
            if step in (9, 29):
                before[step] = frozen.detach().clone()

        pairs.append((model, trained(model, optimizer, each=watch)))
        assert torch.equal(before[9], before[29])
    (ours, loss), (theirs, their_loss) = pairs
    torch.testing.assert_close(loss, their_loss, rtol=1e-9, atol=0)
    torch.testing.assert_close(list(ours.parameters()), list(theirs.parameters()), rtol=1e-8, atol=1e-11)


def test_momentum_outlives_zero_grad():
    w = torch.ones(3, requires_grad=True)
    sgd = optim.SGD([w], lr=0.1, momentum=0.5)
    w.grad = torch.ones(3)
    sgd.step()
    sgd.zero_grad()
    assert w.grad is None
    torch.testing.assert_close(sgd.state[w]["velocity"], torch.ones(3))


@given(st.tuples(st.integers(2, 9), st.integers(2, 9), st.integers(0, 99)))
def test_orthogonalize(case):
    m, n, seed = case
    g = torch.randn(m, n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    u, s, vt = torch.linalg.svd(g, full_matrices=False)
    found = optim.orthogonalize(g, 5, torch.float64)
    values = (u.T @ found @ vt.T).diagonal()
    torch.testing.assert_close(u @ values.diag() @ vt, found)
    large = s / s.norm() > 0.05
    assert ((values > 0.6) & (values < 1.3))[large].all()


def rates(module_schedule, optimizer, steps):
    """The rate before each of the steps."""
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        module_schedule.step()
    return torch.tensor(found)


def sgd():
    w, b = (torch.zeros(2, requires_grad=True) for _ in range(2))
    return torch.optim.SGD([{"params": [w], "lr": 0.3}, {"params": [b], "lr": 0.02}], lr=1.0)


LR = torch.optim.lr_scheduler
SCHEDULES = [
    (optim.constant, lambda o: LR.ConstantLR(o, factor=1.0)),
    (optim.step_decay(7, 0.5), lambda o: LR.StepLR(o, 7, 0.5)),
    (optim.cosine(40), lambda o: LR.CosineAnnealingLR(o, 40)),
    (optim.warm_up(8), lambda o: LR.LinearLR(o, 1 / 8, 1.0, 7)),
    (optim.one_cycle(40), lambda o: LR.OneCycleLR(o, [0.3, 0.02], 40, cycle_momentum=False)),
    (
        optim.one_cycle(40, 0.4, 0.1, 0.001),
        lambda o: LR.OneCycleLR(
            o, [0.3, 0.02], 40, pct_start=0.4, div_factor=10, final_div_factor=100, cycle_momentum=False
        ),
    ),
    (
        optim.then(optim.warm_up(8), 8, optim.cosine(32)),
        lambda o: LR.SequentialLR(o, [LR.LinearLR(o, 1 / 8, 1.0, 7), LR.CosineAnnealingLR(o, 32)], [8]),
    ),
    (
        optim.inverse_square_root(10),
        lambda o: LR.LambdaLR(o, lambda t: 10**0.5 * min((t + 1) ** -0.5, (t + 1) * 10**-1.5)),
    ),
]


@pytest.mark.parametrize(("factor", "theirs"), SCHEDULES)
def test_schedules(factor, theirs):
    a, b = sgd(), sgd()
    found, expected = rates(optim.Schedule(a, factor), a, 40), rates(theirs(b), b, 40)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-12)


def test_cosine_to_a_floor():
    a = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    b = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedules = optim.Schedule(a, optim.cosine(20, 0.1)), LR.CosineAnnealingLR(b, 20, eta_min=0.03)
    torch.testing.assert_close(rates(schedules[0], a, 21), rates(schedules[1], b, 21))


def test_after_their_end_schedules_stay():
    for factor in (optim.cosine(10, 0.2), optim.one_cycle(10), optim.warm_up(10)):
        assert factor(25) == factor(11) == pytest.approx(factor(10), abs=1e-12)


@given(st.lists(st.floats(0.01, 3), min_size=5, max_size=40), st.integers(0, 4))
def test_plateau(losses, patience):
    a, b = sgd(), sgd()
    ours, theirs = optim.Plateau(a, 0.5, patience), LR.ReduceLROnPlateau(b, factor=0.5, patience=patience)
    for loss in losses:
        ours.step(loss)
        theirs.step(loss)
        smallest = min(g["lr"] for g in a.param_groups)
        if smallest < 1e-6:
            break  # torch leaves changes below 1e-8 out
        assert [g["lr"] for g in a.param_groups] == pytest.approx([g["lr"] for g in b.param_groups])


@given(st.lists(st.integers(-6, 1), min_size=5, max_size=40), st.integers(0, 3), st.sampled_from([0.0, 1e-4, 1e-2]))
def test_plateau_at_losses_close_to_the_threshold(changes, patience, threshold):
    """Losses that fall by half, by one or by several thresholds."""
    a, b = sgd(), sgd()
    ours = optim.Plateau(a, 0.5, patience, threshold)
    theirs = LR.ReduceLROnPlateau(b, factor=0.5, patience=patience, threshold=threshold)
    loss = 1.0
    for change in changes:
        loss *= 1 + change * (threshold or 1e-3) / 2
        ours.step(loss)
        theirs.step(loss)
        if min(g["lr"] for g in a.param_groups) < 1e-6:
            break
        assert [g["lr"] for g in a.param_groups] == pytest.approx([g["lr"] for g in b.param_groups])


def test_momentum_of_rmsprop_may_begin_later():
    """As in torch, once its buffer is made (which torch makes at the first step only)."""
    a, b = (torch.ones(3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    ours, theirs = optim.RMSprop([a], 0.1), torch.optim.RMSprop([b], 0.1)
    for t in range(8):
        if t == 4:
            theirs.state[b]["momentum_buffer"] = torch.zeros_like(b)
            for optimizer in (ours, theirs):
                optimizer.param_groups[0]["momentum"] = 0.9
        for p, optimizer in ((a, ours), (b, theirs)):
            p.grad = (p.detach() + t).sin()
            optimizer.step()
    torch.testing.assert_close(a, b)


def test_groups_may_be_given_in_many_ways():
    layer = torch.nn.Linear(2, 3)
    for parameters in (layer.parameters(), list(layer.parameters()), [{"params": layer.parameters()}]):
        assert [p.shape for p in optim.SGD(parameters).param_groups[0]["params"]] == [(3, 2), (3,)]
    one = optim.Adam([{"params": layer.weight, "betas": [0.5, 0.9]}])
    assert one.param_groups[0]["params"] == [layer.weight]


def test_a_schedule_of_one_of_ours_with_fit():
    x, y = digits()
    model = network().float()
    adam = optim.Adam(model.parameters(), lr=0.03)
    data = batches(x.float(), y, 300, torch.Generator().manual_seed(0))
    schedule, seen = optim.Schedule(adam, optim.cosine(30)), []
    for step in fit(model, data, F.cross_entropy, adam, epochs=5):
        schedule.step()
        seen.append((float(step.loss), adam.param_groups[0]["lr"]))
    assert seen[-1][0] < 0.7 < 2 < seen[0][0]
    assert seen[-1][1] == pytest.approx(0)
    assert len(seen) == 30


W, V = (torch.zeros(2, requires_grad=True) for _ in range(2))
WRONG = [
    (lambda: optim.SGD([]), "there are none"),
    (lambda: optim.SGD([W, W]), "given twice"),
    (lambda: optim.SGD([{"params": [W]}, {"params": [W]}]), "given twice"),
    (lambda: optim.SGD([W * 2]), "result of a computation"),
    (lambda: optim.SGD([W], lr=-0.1), "lr = -0.1: accepted is a finite number from 0"),
    (lambda: optim.SGD([W], lr=math.nan), "lr = nan"),
    (lambda: optim.SGD([{"params": [W], "lr": "0.1"}]), "lr = '0.1': accepted is a finite number from 0"),
    (lambda: optim.SGD([{"params": [W], "lr": None}]), "lr = None"),
    (lambda: optim.SGD(W), r"accepted is a list of tensors or of groups, such as \[w\]"),
    (lambda: optim.SGD({"params": [W]}), "accepted is a list of tensors or of groups"),
    (lambda: optim.SGD([W, {"params": [V]}]), 'entry 0 is no group, a dict with "params"'),
    (lambda: optim.SGD([{"params": [W]}, {"lr": 0.1}]), "entry 1 is no group"),
    (lambda: optim.SGD(torch.nn.Linear(2, 3).named_parameters()), "one is tuple; accepted are tensors of floats"),
    (lambda: optim.SGD([torch.zeros(2, dtype=torch.complex64)]), "one is torch.complex64"),
    (lambda: optim.SGD([torch.zeros(2, dtype=torch.int64)]), "one is torch.int64"),
    (lambda: optim.Adam([{"params": [W], "betas": 0.9}]), "betas = 0.9: accepted is two numbers with 0 <= value < 1"),
    (lambda: optim.SGD([W], momentum=1.0), "momentum = 1.0: accepted is 0 <= value < 1"),
    (lambda: optim.SGD([W], nesterov=True), "with a momentum above 0 only"),
    (lambda: optim.SGD([{"params": [W], "rate": 0.1}]), "rate is no setting; accepted are lr, momentum"),
    (lambda: optim.Adam([W], betas=(0.9, 1.0)), r"betas = \(0.9, 1.0\): accepted is two numbers with 0 <= value < 1"),
    (lambda: optim.Muon([W]), r"Muon moves matrices, and one has shape \(2,\)"),
    (lambda: optim.cosine(0), "total = 0: accepted is 1 or more"),
    (lambda: optim.one_cycle(10, 1.5), "rise = 1.5: accepted is more than 0.1 and below 1"),
    (lambda: optim.Plateau(sgd(), 1.5), "factor = 1.5"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
