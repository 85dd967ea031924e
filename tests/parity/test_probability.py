"""Probability against torch.distributions, over random shapes, broadcast and non-contiguous; value and gradient."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions as D

from dlbook.functional import probability as P

batches = st.lists(st.integers(1, 4), max_size=3).map(tuple)
seeds = st.integers(0, 2**31)
DOUBLE = torch.float64


def drawn(shape, seed):
    """A tensor of this shape that is no contiguous one: every second element of a permuted one."""
    generator = torch.Generator().manual_seed(seed)
    wide = torch.randn(*reversed(shape), 2, generator=generator, dtype=DOUBLE)
    return wide[..., 0].permute(*reversed(range(len(shape)))) if shape else wide[0]


def agree(ours, reference, *inputs):
    """Same value and same gradient by every input."""
    sides = []
    for call in (ours, reference):
        leaves = [x.detach().clone(memory_format=torch.preserve_format).requires_grad_() for x in inputs]
        value = call(*leaves)
        cotangent = torch.randn(value.shape, generator=torch.Generator().manual_seed(7), dtype=value.dtype)
        sides.append((value.detach(), *torch.autograd.grad((value * cotangent).sum(), leaves)))
    for left, right in zip(*sides, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)


@given(batches, st.integers(1, 6), seeds)
def test_log_sum_exp(batch, k, seed):
    agree(P.log_sum_exp, lambda z: torch.logsumexp(z, -1), 30 * drawn((*batch, k), seed))


EXTREMES = [[-math.inf, -math.inf], [math.inf, 1.0], [-math.inf, 2.0], [1e30, -1e30], [800.0, 801.0]]


@pytest.mark.parametrize("row", EXTREMES)
def test_log_sum_exp_of_extremes(row):
    z = torch.tensor([row, [0.0, 0.0]])
    torch.testing.assert_close(P.log_sum_exp(z), torch.logsumexp(z, -1))


@given(batches, seeds)
def test_log_one_plus_exp(batch, seed):
    agree(P.log_one_plus_exp, lambda z: torch.logaddexp(z, torch.zeros_like(z)), 30 * drawn(batch, seed))


def test_log_one_plus_exp_of_extremes():
    z = torch.tensor([-math.inf, -1e4, -90.0, 0.0, 90.0, 1e30, math.inf])
    torch.testing.assert_close(P.log_one_plus_exp(z), torch.logaddexp(z, torch.zeros(())), rtol=1e-6, atol=0)
    at_zero = torch.zeros((), requires_grad=True)
    P.log_one_plus_exp(at_zero).backward()
    assert at_zero.grad.item() == 0.5


@given(batches, seeds)
def test_bernoulli(batch, seed):
    x = (drawn(batch, seed + 1) > 0).to(DOUBLE)
    agree(
        lambda logit: P.bernoulli_log_prob(x, logit),
        lambda logit: D.Bernoulli(logits=logit).log_prob(x),
        20 * drawn(batch, seed),
    )


@given(batches, st.integers(1, 6), seeds)
def test_categorical(batch, k, seed):
    x = torch.randint(0, k, batch, generator=torch.Generator().manual_seed(seed))
    agree(
        lambda logits: P.categorical_log_prob(x, logits),
        lambda logits: D.Categorical(logits=logits).log_prob(x),
        5 * drawn((*batch, k), seed),
    )


@given(batches, seeds)
def test_normal(batch, seed):
    x, mean, scale = drawn(batch, seed), drawn(batch[1:], seed + 1), drawn(batch, seed + 2).abs() + 0.1
    agree(P.normal_log_prob, lambda x, m, s: D.Normal(m, s).log_prob(x), x, mean, scale)


@settings(max_examples=50)
@given(batches, st.integers(1, 5), seeds)
def test_multivariate_normal(batch, d, seed):
    root = drawn((d, d), seed)
    covariance = root @ root.T + 0.5 * torch.eye(d, dtype=DOUBLE)
    x, mean = drawn((*batch, d), seed + 1), drawn((d,), seed + 2)
    agree(
        lambda x, m, r: P.multivariate_normal_log_prob(x, m, r @ r.T + 0.5 * torch.eye(d, dtype=DOUBLE)),
        lambda x, m, r: D.MultivariateNormal(m, r @ r.T + 0.5 * torch.eye(d, dtype=DOUBLE)).log_prob(x),
        x, mean, root,
    )  # fmt: skip
    one = P.multivariate_normal_log_prob(x, mean, covariance.diag().diag())
    torch.testing.assert_close(one, P.normal_log_prob(x, mean, covariance.diag().sqrt()).sum(-1))


@given(batches, st.integers(1, 6), seeds)
def test_entropies(batch, k, seed):
    p, q = drawn((*batch, k), seed), drawn((*batch, k), seed + 1)
    soft = lambda z: z.softmax(-1)  # noqa: E731
    agree(lambda z: P.entropy(soft(z)), lambda z: D.Categorical(logits=z).entropy(), p)
    agree(
        lambda a, b: P.kl_divergence(soft(a), soft(b)),
        lambda a, b: F.kl_div(b.log_softmax(-1), soft(a), reduction="none").sum(-1),
        p, q,
    )  # fmt: skip
    agree(
        lambda a, b: P.cross_entropy(soft(a), soft(b)),
        lambda a, b: F.cross_entropy(b.reshape(-1, k), soft(a).reshape(-1, k), reduction="none").reshape(batch),
        p, q,
    )  # fmt: skip


def test_entropies_with_impossible_values():
    p, q, r = torch.tensor([[0.5, 0.5, 0.0], [0.25, 0.75, 0.0], [0.0, 0.5, 0.5]])
    assert P.entropy(p).item() == pytest.approx(math.log(2))
    assert P.kl_divergence(p, q).item() == pytest.approx(0.5 * math.log(4 / 3))
    assert P.kl_divergence(p, r).item() == math.inf
    assert P.kl_divergence(q, q).item() == 0


@given(batches, seeds)
def test_normal_kl(batch, seed):
    a, b = drawn(batch, seed), drawn(batch, seed + 1)
    s, t = drawn(batch, seed + 2).abs() + 0.2, drawn(batch, seed + 3).abs() + 0.2
    agree(P.normal_kl, lambda a, s, b, t: D.kl_divergence(D.Normal(a, s), D.Normal(b, t)), a, s, b, t)


@given(batches, st.integers(1, 6), seeds)
def test_log_posterior(batch, k, seed):
    prior, likelihood = drawn((k,), seed).log_softmax(-1), 3 * drawn((*batch, k), seed + 1)
    agree(
        P.log_posterior,
        lambda a, b: (a.exp() * b.exp() / (a.exp() * b.exp()).sum(-1, keepdim=True)).log(),
        prior, likelihood,
    )  # fmt: skip


def test_gumbel_max_draws_with_the_right_frequencies():
    logits = torch.tensor([[1.0, -1.0, 0.5], [0.0, 0.0, 3.0]])
    n, generator = 40000, torch.Generator().manual_seed(11)
    draws = P.gumbel_max(logits.expand(n, 2, 3), generator)
    assert draws.dtype == torch.int64
    shares = F.one_hot(draws, 3).double().mean(0)
    p = logits.double().softmax(-1)
    assert ((shares - p).abs() <= 4.5 * (p * (1 - p) / n).sqrt()).all()


def test_sample_multivariate_normal_has_its_mean_and_covariance():
    covariance = torch.tensor([[2.0, 0.9, 0.0], [0.9, 1.0, -0.3], [0.0, -0.3, 0.5]], dtype=DOUBLE)
    mean, n = torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE), 40000
    x = P.sample_multivariate_normal(mean, covariance, n, torch.Generator().manual_seed(5))
    assert x.shape == (n, 3)
    assert x.dtype == DOUBLE
    assert ((x.mean(0) - mean).abs() <= 4.5 * (covariance.diag() / n).sqrt()).all()
    products = (x - mean)[:, :, None] * (x - mean)[:, None]
    assert ((products.mean(0) - covariance).abs() <= 4.5 * products.std(0) / n**0.5).all()


def test_draws_follow_the_generator():
    logits = torch.zeros(50, 4)
    first, again, other = (P.gumbel_max(logits, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_kl_of_nearly_equal_beliefs_keeps_its_digits_in_float32():
    z = torch.randn(200, 10, generator=torch.Generator().manual_seed(3))
    p, q = z.softmax(-1), (z + 1e-3 * z.flip(0)).softmax(-1)
    exact = [x.double() / x.double().sum(-1, keepdim=True) for x in (p, q)]
    found = P.kl_divergence(p, q)
    assert (found >= 0).all()
    torch.testing.assert_close(found.double(), P.kl_divergence(*exact), rtol=0.05, atol=0)


def test_kl_stands_probabilities_near_the_smallest_number():
    p = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 1e-310], [0.5, 0.5, 5e-324]], dtype=torch.float64)
    q = torch.tensor([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.5, 0.0]], dtype=torch.float64)
    found = P.kl_divergence(p, q)
    torch.testing.assert_close(found[:2], torch.tensor([2.0, 2**0.5], dtype=torch.float64).log())
    assert P.kl_divergence(q, p).isnan().sum() == 0
