"""Losses against torch's: value and gradients, over reductions, weights, ignored targets, smoothing, soft targets."""

import contextlib
import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_pinball_loss
from torch import Generator
from torchvision.ops import sigmoid_focal_loss

from dlbook.book.exercises import judge
from dlbook.functional import activations, losses, probability


def pairs(*lists):
    """Every combination."""
    return list(itertools.product(*lists))


REDUCTIONS = ["none", "mean", "sum"]
FEW = settings(max_examples=20)
ALPHAS = [0.0, 0.25, 1.0, None]
SEEDS = st.integers(0, 999)
#: Shapes of logits: one example, a batch, sequences, pictures; no two sizes are equal.
SHAPES = st.sampled_from([(5,), (4, 3), (1, 6), (7, 2), (2, 5, 3), (3, 4, 2, 5)])


def normal(generator, *shape):
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def strided(x):
    """The same numbers, not contiguous where that can be."""
    return x.transpose(0, -1).contiguous().transpose(0, -1) if x.ndim > 1 else x


def same(ours, theirs, *inputs, rtol=1e-11, atol=1e-12):
    """Values agree, and the vector-Jacobian products by every floating input."""
    results = []
    for call in (ours, theirs):
        leaves = [x.clone().requires_grad_() if isinstance(x, torch.Tensor) else x for x in inputs]
        value = call(*leaves)
        weights = torch.linspace(-1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
        if value.ndim == 0:
            weights = torch.ones_like(value)
        gradients = torch.autograd.grad(value, leaves, weights, allow_unused=True)
        results.append([value.detach(), *gradients])
    for mine, its in zip(*results, strict=True):
        assert (mine is None) == (its is None)
        if mine is not None:
            assert mine.dtype == its.dtype
            torch.testing.assert_close(mine, its, rtol=rtol, atol=atol, equal_nan=True)


REGRESSION = {
    "squared": (losses.squared_error, F.mse_loss),
    "absolute": (losses.absolute_error, F.l1_loss),
    "huber": (losses.huber, F.huber_loss),
    "huber, wide": (
        lambda p, t, **k: losses.huber(p, t, 2.5, **k),
        lambda p, t, **k: F.huber_loss(p, t, delta=2.5, **k),
    ),
    "smooth l1": (
        lambda p, t, **k: losses.huber(p, t, 0.3, **k) / 0.3,
        lambda p, t, **k: F.smooth_l1_loss(p, t, beta=0.3, **k),
    ),
    "poisson": (losses.poisson_nll, lambda p, t, **k: F.poisson_nll_loss(p, t, full=False, **k)),
}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", REGRESSION)
@FEW
@given(SEEDS, SHAPES)
def test_regression(name, reduction, seed, shape):
    generator = Generator().manual_seed(seed)
    ours, theirs = REGRESSION[name]
    prediction, target = strided(normal(generator, *shape)), strided(2 * normal(generator, *shape))
    same(
        lambda p, t: ours(p, t, reduction=reduction), lambda p, t: theirs(p, t, reduction=reduction), prediction, target
    )


def test_at_the_kinks():
    for ours, theirs in REGRESSION.values():
        edges = torch.tensor([-2.5, -1.0, -0.3, 0.0, 0.3, 1.0, 2.5], dtype=torch.float64)
        same(lambda p, f=ours: f(p, 0 * p), lambda p, f=theirs: f(p, 0 * p), edges)
    torch.testing.assert_close(
        losses.squared_error(*torch.ones(2, 3) * 2), losses.mean_squared_error(*torch.ones(2, 3) * 2)
    )


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9])
@FEW
@given(SEEDS)
def test_quantile_against_sklearn(quantile, seed):
    generator = Generator().manual_seed(seed)
    prediction, target = normal(generator, 7), normal(generator, 7)
    expected = mean_pinball_loss(target.numpy(), prediction.numpy(), alpha=quantile)
    torch.testing.assert_close(losses.quantile_loss(prediction, target, quantile).item(), expected)
    for reduction in REDUCTIONS:
        same(
            lambda p, t, r=reduction: losses.quantile_loss(p, t, quantile, r),
            lambda p, t, r=reduction: losses.reduce(quantile * F.relu(t - p) + (1 - quantile) * F.relu(p - t), r),
            prediction,
            target,
        )
    half = losses.absolute_error(prediction, target, reduction="none") / 2
    torch.testing.assert_close(losses.quantile_loss(prediction, target, 0.5, reduction="none"), half)


@pytest.mark.parametrize(("reduction", "full"), pairs(REDUCTIONS, [False, True]))
@FEW
@given(SEEDS, SHAPES)
def test_gaussian(reduction, full, seed, shape):
    generator = Generator().manual_seed(seed)
    mean, target = normal(generator, *shape), normal(generator, *shape)
    variance = normal(generator, *shape).exp()
    options = {"full": full, "reduction": reduction}
    same(
        lambda m, t, v: losses.gaussian_nll(m, t, v, **options),
        lambda m, t, v: F.gaussian_nll_loss(m, t, v, **options),
        mean,
        target,
        variance,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@FEW
@given(SEEDS, SHAPES)
def test_binary_from_probabilities(reduction, seed, shape):
    generator = Generator().manual_seed(seed)
    p, target = normal(generator, *shape).sigmoid(), torch.rand(shape, generator=generator, dtype=torch.float64)
    for t in (target, target.round()):
        same(
            lambda p, t=t: losses.binary_cross_entropy(p, t, reduction=reduction),
            lambda p, t=t: F.binary_cross_entropy(p, t, reduction=reduction),
            p,
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_binary_from_probabilities_at_the_ends(dtype):
    tiny = [1e-9, 1e-11, 1e-13, 1e-30, 1e-40, 1e-60, 0.0]
    p = torch.tensor([*tiny, 1.0, *tiny, 1.0, *tiny], dtype=dtype)
    target = torch.tensor([1.0] * 7 + [0.0] + [0.3] * 8 + [1.0] * 7, dtype=dtype)
    same(
        lambda p: losses.binary_cross_entropy(p, target, "none"),
        lambda p: F.binary_cross_entropy(p, target, reduction="none"),
        p,
        rtol=1e-5,
    )
    leaf = torch.tensor([1e-13, 1e-60, 0.0, 1.0, 0.0, 1.0], dtype=dtype, requires_grad=True)
    mine = losses.binary_cross_entropy(leaf, torch.tensor([1.0, 1, 1, 0, 0, 1], dtype=dtype), "none")
    assert mine[1:].tolist() == [100, 100, 100, 0, 0]
    (gradient,) = torch.autograd.grad(mine.sum(), leaf)  # torch's last two are 0
    torch.testing.assert_close(gradient, torch.tensor([-1e12, -1e12, -1e12, 1e12, 1, -1], dtype=dtype))


def test_logarithms_in_16_bits():
    for dtype in (torch.float16, torch.bfloat16):
        p = torch.tensor([0.0, 1e-7, 1e-4, 0.5, 1.0], dtype=dtype, requires_grad=True)
        value = losses.log_from(p)
        (slope,) = torch.autograd.grad(value.sum(), p)
        assert slope.isfinite().all()
        torch.testing.assert_close(value[1:].double(), p[1:].detach().double().log(), rtol=1e-2, atol=1e-2)
        torch.testing.assert_close(slope[2:].double(), 1 / p[2:].detach().double(), rtol=1e-2, atol=0)


@pytest.mark.parametrize(("reduction", "weighted", "positive"), pairs(REDUCTIONS, [False, True], [False, True]))
@FEW
@given(SEEDS, st.sampled_from([(5,), (4, 3), (2, 5, 3)]))
def test_binary_from_logits(reduction, weighted, positive, seed, shape):
    generator = Generator().manual_seed(seed)
    logits, target = strided(5 * normal(generator, *shape)), normal(generator, *shape).sigmoid()
    options = {
        "reduction": reduction,
        "weight": normal(generator, *shape).exp() if weighted else None,
        "pos_weight": normal(generator, shape[-1]).exp() if positive else None,
    }
    for t in (target, target.round()):
        same(
            lambda z, t=t: losses.binary_cross_entropy_with_logits(z, t, **options),
            lambda z, t=t: F.binary_cross_entropy_with_logits(z, t, **options),
            logits,
        )


def test_binary_from_logits_is_exact_in_float32():
    z = torch.tensor([-1000.0, -120.0, -20.0, 0.0, 20.0, 120.0, 1000.0])
    for t in (0.0, 1.0):
        target = torch.full_like(z, t)
        mine = losses.binary_cross_entropy_with_logits(z, target, reduction="none")
        exact = losses.binary_cross_entropy_with_logits(z.double(), target.double(), reduction="none")
        torch.testing.assert_close(mine.double(), exact, rtol=1e-6, atol=1e-40)
        torch.testing.assert_close(-probability.bernoulli_log_prob(target, z), mine, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("reduction", "gamma", "alpha"), pairs(REDUCTIONS, [0.0, 0.5, 2.0, 3.0], ALPHAS))
@FEW
@given(SEEDS, st.sampled_from([(5,), (4, 3)]))
def test_focal(reduction, gamma, alpha, seed, shape):
    generator = Generator().manual_seed(seed)
    logits, target = 3 * normal(generator, *shape), normal(generator, *shape).sigmoid()
    for t in (target, target.round()):
        same(
            lambda z, t=t: losses.focal_loss(z, t, alpha, gamma, reduction),
            lambda z, t=t: sigmoid_focal_loss(z, t, -1 if alpha is None else alpha, gamma, reduction),
            logits,
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("gamma", [0.0, 0.01, 0.5, 1.0, 2.0])
def test_focal_where_nothing_is_missed(gamma, dtype):
    z = torch.tensor([1000.0, -1000.0, -1000.0, 1000.0], dtype=dtype, requires_grad=True)
    each = losses.focal_loss(z, torch.tensor([1.0, 0, 1, 0], dtype=dtype), None, gamma, "none")
    assert each.tolist() == [0, 0, 1000, 1000]
    (slope,) = torch.autograd.grad(each.sum(), z)
    assert slope.tolist() == [0, 0, -1, 1]


def targets(generator, shape, ignored):
    """Logits, class numbers for them, and weights; about a third of the targets ignored."""
    logits = strided(3 * normal(generator, *shape))
    axis = min(1, len(shape) - 1)
    target = torch.randint(0, shape[axis], shape[:axis] + shape[axis + 1 :], generator=generator)
    if ignored:
        gone = torch.rand(target.shape, generator=generator) < 0.3
        target = torch.where(gone, ignored, target)
    return logits, target, normal(generator, shape[axis]).exp()


@pytest.mark.parametrize(("reduction", "weighted", "ignored"), pairs(REDUCTIONS, [False, True], [None, -100, 1]))
@FEW
@given(SEEDS, SHAPES)
def test_classes(reduction, weighted, ignored, seed, shape):
    logits, target, weight = targets(Generator().manual_seed(seed), shape, ignored)
    options = {"reduction": reduction, "weight": weight if weighted else None, "ignore_index": ignored or -100}
    axis = losses.class_axis(logits)
    same(
        lambda z: losses.negative_log_likelihood(z, target, **options),
        lambda z: F.nll_loss(z, target, **options),
        logits.log_softmax(axis),
    )
    for smoothing in (0.0, 0.1, 1.0):
        same(
            lambda z, e=smoothing: losses.cross_entropy_loss(z, target, label_smoothing=e, **options),
            lambda z, e=smoothing: F.cross_entropy(z, target, label_smoothing=e, **options),
            logits,
        )


@pytest.mark.parametrize(("reduction", "weighted", "smoothing"), pairs(REDUCTIONS, [False, True], [0.0, 0.2]))
@FEW
@given(SEEDS, SHAPES)
def test_soft_targets(reduction, weighted, smoothing, seed, shape):
    generator = Generator().manual_seed(seed)
    logits, _, weight = targets(generator, shape, None)
    soft = normal(generator, *shape).softmax(losses.class_axis(logits))
    options = {"reduction": reduction, "weight": weight if weighted else None, "label_smoothing": smoothing}
    same(
        lambda z, t: losses.cross_entropy_loss(z, t, **options),
        lambda z, t: F.cross_entropy(z, t, **options),
        logits,
        soft,
    )


@pytest.mark.parametrize(("reduction", "smoothing"), pairs(REDUCTIONS, [0.0, 0.3]))
def test_all_targets_ignored(reduction, smoothing):
    logits, target = torch.ones(4, 3, dtype=torch.float64), torch.full((4,), -100)
    options = {"reduction": reduction, "label_smoothing": smoothing}
    same(
        lambda z: losses.cross_entropy_loss(z, target, **options),
        lambda z: F.cross_entropy(z, target, **options),
        logits,
    )
    assert losses.cross_entropy_loss(logits, target).isnan()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("reduction", "weighted"), pairs(REDUCTIONS, [False, True]))
def test_classes_in_fewer_bits(reduction, weighted, dtype):
    logits, target, weight = targets(Generator().manual_seed(5), (40, 5), -100)
    options = {"reduction": reduction, "weight": weight.to(dtype) if weighted else None}
    rough = {"rtol": 0.05, "atol": 0.05} if dtype == torch.bfloat16 else {"rtol": 1e-4, "atol": 1e-5}
    same(
        lambda z: losses.negative_log_likelihood(z, target, **options),
        lambda z: F.nll_loss(z, target, **options),
        logits.log_softmax(1).to(dtype),
        **rough,
    )
    for smoothing in (0.0, 0.1):
        same(
            lambda z, e=smoothing: losses.cross_entropy_loss(z, target, label_smoothing=e, **options),
            lambda z, e=smoothing: F.cross_entropy(z, target, label_smoothing=e, **options),
            logits.to(dtype),
            **rough,
        )


def test_the_mean_divides_by_the_weights_of_the_targets_present():
    z = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]], dtype=torch.float64)
    target, weight = torch.tensor([2, 0]), torch.tensor([5.0, 100.0, 0.5], dtype=torch.float64)
    each = losses.cross_entropy_loss(z, target, reduction="none")
    by_hand = (0.5 * each[0] + 5 * each[1]) / 5.5
    torch.testing.assert_close(losses.cross_entropy_loss(z, target, weight), by_hand)
    torch.testing.assert_close(-probability.categorical_log_prob(target, z), each)


def test_masked_logits_and_extremes():
    z = torch.tensor([[0.0, -torch.inf, 1.0], [1000.0, 0.0, -1000.0]])
    target = torch.tensor([2, 1])
    same(lambda z: losses.cross_entropy_loss(z, target), lambda z: F.cross_entropy(z, target), z)


@pytest.mark.parametrize(("reduction", "log_target"), pairs([*REDUCTIONS, "batchmean"], [False, True]))
@FEW
@given(SEEDS, st.sampled_from([(5,), (4, 3), (2, 5, 3)]))
def test_kl(reduction, log_target, seed, shape):
    generator = Generator().manual_seed(seed)
    log_q = normal(generator, *shape).log_softmax(-1)
    p = activations.softmax(3 * normal(generator, *shape), -1)
    options = {"reduction": reduction, "log_target": log_target}
    with pytest.warns() if reduction == "mean" else contextlib.nullcontext():
        same(
            lambda q, p: losses.kl_loss(q, p, **options),
            lambda q, p: F.kl_div(q, p, **options),
            log_q,
            p.log() if log_target else p,
        )


def test_kl_is_the_divergence_and_stands_a_zero():
    p, q = torch.tensor([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]]), torch.tensor([[0.1, 0.6, 0.3], [0.2, 0.3, 0.5]])
    each = losses.kl_loss(q.log(), p, reduction="none").sum(-1)
    torch.testing.assert_close(each, probability.kl_divergence(p, q), atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(losses.kl_loss(q.log(), p), F.kl_div(q.log(), p, reduction="batchmean"))


def test_exercise_5_takes_the_right_solutions():
    def halves(z, t):
        rest = torch.log1p(torch.exp(-z.abs()))
        return t * ((z.abs() - z) / 2 + rest) + (1 - t) * ((z.abs() + z) / 2 + rest)

    for answer in (halves, lambda z, t: losses.binary_cross_entropy_with_logits(z, t, reduction="none")):
        assert judge("losses-5", answer).status == "right"
    verdict = judge("losses-5", lambda z, t: halves(z.detach(), t) + 0 * z)
    assert "for the logit -1.5 and the target 0 the slope 0.1824 is expected, not 0. Hint" in verdict.message
    verdict = judge("losses-5", lambda z, t: halves(z, t) + (z == 0) * z.sin() / 2)
    assert "for the logit 0 and the target 0 the slope 0.5 is expected, not 1. Hint" in verdict.message
