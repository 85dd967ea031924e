"""Bounds and what they are made of, against torch.distributions and closed forms: value and gradients in float64."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from dlbook.functional import variational as V
from dlbook.functional.probability import normal_kl

FEW = settings(max_examples=20)
SEEDS = st.integers(0, 999)
#: Of a batch of latents; no two sizes are equal, and one axis may be all there is.
SHAPES = st.sampled_from([(5,), (4, 3), (1, 6), (7, 2), (2, 5, 3)])


def normal(seed, *shape, count=1):
    """Random numbers, not contiguous where that can be."""
    generator = Generator().manual_seed(seed)
    made = [torch.randn(shape[::-1], generator=generator, dtype=torch.float64).permute(*range(len(shape))[::-1])
            for _ in range(count)]  # fmt: skip
    return made if count > 1 else made[0]


def same(ours, theirs, *inputs, rtol=1e-12, atol=1e-13):
    """Values agree, and the vector-Jacobian products by every input."""
    results = []
    for call in (ours, theirs):
        leaves = [x.clone().requires_grad_() for x in inputs]
        value = call(*leaves)
        weights = torch.linspace(-1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
        gradients = torch.autograd.grad(value, leaves, weights if value.ndim else torch.ones_like(value))
        results.append([value.detach(), *gradients])
    for mine, its in zip(*results, strict=True):
        torch.testing.assert_close(mine, its, rtol=rtol, atol=atol)


def rows(mean, scale):
    """A Gaussian a row: its last axis is one outcome."""
    return Independent(Normal(mean, scale), 1)


@FEW
@given(SEEDS, SHAPES)
def test_reparameterize_is_the_draw_of_torch(seed, shape):
    mu, logvar, noise = normal(seed, *shape, count=3)
    same(V.reparameterize, lambda m, v, e: m + v.exp().sqrt() * e, mu, logvar, noise)
    torch.manual_seed(seed)
    drawn = Normal(mu, torch.exp(logvar / 2)).rsample()
    torch.manual_seed(seed)
    torch.testing.assert_close(V.reparameterize(mu, logvar, torch.normal(0 * mu, 1 + 0 * mu)), drawn)


@FEW
@given(SEEDS, SHAPES)
def test_kl(seed, shape):
    mu, logvar = normal(seed, *shape, count=2)

    def torchs(mu, logvar):
        return kl_divergence(rows(mu, torch.exp(logvar / 2)), rows(torch.zeros_like(mu), torch.ones_like(mu)))

    def general(mu, logvar):
        zero = torch.zeros_like(mu)
        return normal_kl(mu, torch.exp(logvar / 2), zero, zero + 1).sum(-1)

    same(V.kl_to_standard_normal, torchs, mu, 3 * logvar)
    same(V.kl_to_standard_normal, general, mu, 3 * logvar)


@pytest.mark.parametrize("v", [1e-7, -1e-7, 1e-6, -1e-6, 1e-5])
def test_kl_keeps_its_digits_where_the_code_says_almost_nothing(v):
    series = 0.5 * (v**2 / 2 + v**3 / 6 + v**4 / 24)
    got = V.kl_to_standard_normal(torch.zeros(1).double(), torch.tensor([v], dtype=torch.float64)).item()
    assert got == pytest.approx(series, rel=3e-16 / abs(v), abs=0)


def test_kl_is_the_mean_of_the_log_ratio():
    mu, logvar = torch.tensor([0.8, -0.3]).double(), torch.tensor([-1.0, 0.4]).double()
    noise = normal(3, 100_000, 2)
    z = V.reparameterize(mu.expand_as(noise), logvar.expand_as(noise), noise)
    ratio = rows(mu, torch.exp(logvar / 2)).log_prob(z) - rows(0 * mu, 0 * mu + 1).log_prob(z)
    error = ratio.std() / math.sqrt(len(z))
    assert abs(ratio.mean() - V.kl_to_standard_normal(mu, logvar)) < 5 * error < 0.03


@FEW
@given(SEEDS, SHAPES)
def test_bernoulli(seed, shape):
    logits, raw = normal(seed, *shape, count=2)
    logits, grey, bits = 5 * logits, raw.sigmoid(), (raw > 0).double()

    def torchs(logits):
        return Independent(Bernoulli(logits=logits), 1).log_prob(bits)

    def widely_used(logits):
        return -F.binary_cross_entropy_with_logits(logits, grey, reduction="none").sum(-1)

    same(lambda logits: V.bernoulli_log_likelihood(logits, bits), torchs, logits)
    same(lambda logits: V.bernoulli_log_likelihood(logits, grey), widely_used, logits)


def test_bernoulli_probabilities_add_up_to_one_over_all_pictures():
    logits = 3 * normal(1, 3)
    pictures = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3))).double()
    total = V.bernoulli_log_likelihood(logits.expand(8, 3), pictures).exp().sum()
    torch.testing.assert_close(total, torch.ones(()).double())


def test_bernoulli_is_finite_and_has_a_slope_at_extreme_logits():
    logits = torch.tensor([[800.0, -800.0]]).requires_grad_()
    wrong = V.bernoulli_log_likelihood(logits, torch.tensor([[0.0, 1.0]]))
    wrong.sum().backward()
    assert wrong.item() == -1600
    assert logits.grad.tolist() == [[-1, 1]]


@FEW
@given(SEEDS, SHAPES)
def test_gaussian(seed, shape):
    mean, x, logvar = normal(seed, *shape, count=3)
    same(
        V.gaussian_log_likelihood,
        lambda m, x, v: rows(m, torch.exp(v / 2)).log_prob(x),
        mean, x, logvar,
    )  # fmt: skip
    same(
        lambda m, x, v: V.gaussian_log_likelihood(m, x, v.mean()),
        lambda m, x, v: rows(m, torch.exp(v.mean() / 2).expand_as(m)).log_prob(x),
        mean, x, logvar,
    )  # fmt: skip
    one = V.gaussian_log_likelihood(mean, x, -1.5)
    torch.testing.assert_close(one, V.gaussian_log_likelihood(mean, x, torch.full(shape[-1:], -1.5).double()))
    half_nll = F.gaussian_nll_loss(mean, x, torch.full_like(x, math.exp(-1.5)), full=True, reduction="none", eps=0)
    torch.testing.assert_close(one, -half_nll.sum(-1))


def test_elbo_is_the_difference():
    likelihood, kl = normal(0, 4, count=2)
    same(V.elbo, lambda a, b: a - b, likelihood, kl)
    same(lambda a, b: V.elbo(a, b, 4.0), lambda a, b: a - 4 * b, likelihood, kl)
    same(lambda a, b: V.elbo(a, b, 0.0), lambda a, b: a - 0 * b, likelihood, kl)


@pytest.mark.parametrize("shift", [0.0, -2000.0, 2000.0])
@FEW
@given(seed=SEEDS, shape=SHAPES)
def test_importance_bound(shift, seed, shape):
    weights = 4 * normal(seed, *shape) + shift
    mean = math.log(shape[0])
    same(V.importance_bound, lambda w: torch.logsumexp(w, 0) - mean, weights)


def test_one_weight_is_the_elbo_and_a_weight_of_zero_is_one():
    weights = normal(0, 1, 6)
    torch.testing.assert_close(V.importance_bound(weights), weights[0])
    none = torch.tensor([[0.0, -math.inf], [-math.inf, -math.inf]]).double()
    assert V.importance_bound(none).tolist() == [-math.log(2), -math.inf]


def test_the_bound_of_a_mean_is_at_least_the_mean_of_the_bounds():
    weights = 2 * normal(5, 6, 40)
    halves = torch.stack([V.importance_bound(half) for half in weights.chunk(2)])
    assert (V.importance_bound(weights) >= halves.mean(0)).all()
    assert (halves.mean(0) >= weights.mean(0)).all()


def test_bits_of_a_uniform_guess():
    # one of 256 grey levels costs 8 bits; dequantised, its density on [0, 1) is 1: 0 nats
    assert V.bits_per_dimension(0.0, 784, levels=256) == 8
    # a fair coin a pixel
    coins = -V.bernoulli_log_likelihood(torch.zeros(2, 784).double(), torch.ones(2, 784).double())
    torch.testing.assert_close(V.bits_per_dimension(coins, 784), torch.ones(2).double())


def test_bits_of_grey_values_are_those_of_their_masses():
    levels, density = 4, torch.tensor([0.5, 2.0, 1.0, 0.5]).double()  # constant in each cell, mean 1
    masses = density / levels
    assert masses.sum() == 1
    torch.testing.assert_close(V.bits_per_dimension(-density.log(), 1, levels), -masses.log2())


def test_active_units():
    mu = torch.stack([torch.linspace(-1, 1, 9), torch.linspace(-0.1, 0.1, 9), torch.full((9,), 3.0)], 1)
    assert [V.active_units(mu, least) for least in (0.01, 0.001, 0.5)] == [1, 2, 0]
    assert V.active_units(mu.T.contiguous().T.double()) == 1


ONES = torch.ones(4, 3)


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (ValueError, lambda: V.reparameterize(ONES, ONES, ONES[0]), "noise (3,): accepted is the shape of mu, (4, 3)."),
        (ValueError, lambda: V.reparameterize(ONES, ONES[:, :1], ONES), "logvar (4, 1): accepted is the shape of mu"),
        (ValueError, lambda: V.kl_to_standard_normal(ONES, ONES[:1]), "logvar (1, 3): accepted is the shape of mu"),
        (ValueError, lambda: V.bernoulli_log_likelihood(ONES, 2 * ONES), "x from 2 to 2: accepted are numbers from 0"),
        (ValueError, lambda: V.bernoulli_log_likelihood(ONES, -ONES), "x from -1 to -1: accepted are numbers from 0"),
        (ValueError, lambda: V.bernoulli_log_likelihood(ONES, ONES * torch.nan), "x from nan to nan: accepted are"),
        (TypeError, lambda: V.bernoulli_log_likelihood(ONES, ONES.byte()), "x of dtype torch.uint8: accepted are fl"),
        (ValueError, lambda: V.bernoulli_log_likelihood(ONES, ONES[0]), "x (3,): accepted is the shape of logits, (4"),
        (ValueError, lambda: V.gaussian_log_likelihood(ONES, ONES[0], 0.0), "x (3,): accepted is the shape of mean"),
        (
            ValueError,
            lambda: V.gaussian_log_likelihood(ONES, ONES, ONES[:2]),
            "logvar (2, 3): accepted is a shape",
        ),
        (ValueError, lambda: V.gaussian_log_likelihood(ONES[0], ONES[0], ONES), "broadcasts to (3,)."),
        (ValueError, lambda: V.elbo(ONES[:, 0], ONES[0]), "kl (3,): accepted is the shape of log_likelihood, (4,)."),
        (ValueError, lambda: V.elbo(ONES[0], ONES[0], -0.5), "beta = -0.5: accepted is 0 or more."),
        (ValueError, lambda: V.elbo(ONES[0], ONES[0], math.nan), "beta = nan: accepted is 0 or more."),
        (ValueError, lambda: V.importance_bound(ONES[:0]), "log_weights (0, 3): accepted is (k, b), k from 1."),
        (ValueError, lambda: V.importance_bound(ONES.sum()), "log_weights (): accepted is (k, b), k from 1."),
        (ValueError, lambda: V.bits_per_dimension(1.0, 0), "dimensions = 0: accepted is 1 or more."),
        (ValueError, lambda: V.bits_per_dimension(1.0, 1, 0), "levels = 0: accepted is 1 or more."),
        (ValueError, lambda: V.active_units(ONES[:1]), "mu (1, 3): accepted is (n, d), n from 2."),
        (ValueError, lambda: V.active_units(ONES[0]), "mu (3,): accepted is (n, d), n from 2."),
    ],
)
def test_refused(error, call, words):
    with pytest.raises(error) as refused:
        call()
    assert words in str(refused.value)
