"""What the functions of probability refuse, and in which words."""

import math

import pytest
import torch

from dlbook.functional import probability as P

HALF, LESS = torch.tensor([0.5, 0.5]), torch.tensor([0.5, 0.25])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: P.entropy(LESS), r"p must hold probabilities.*a sum of 0\.75"),
        (lambda: P.entropy(torch.tensor([1.5, -0.5])), r"p must hold probabilities.*a smallest of -0\.5"),
        (lambda: P.entropy(torch.tensor([math.nan, 1.0])), "p must hold probabilities"),
        (lambda: P.cross_entropy(HALF, LESS), "q must hold probabilities"),
        (lambda: P.kl_divergence(HALF.log(), HALF), "p must hold probabilities"),
        (lambda: P.kl_divergence(HALF, torch.zeros(2)), "q must hold probabilities"),
    ],
)
def test_what_is_no_distribution_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_sum_that_is_off_by_rounding_is_accepted():
    p = torch.rand(1000, generator=torch.Generator().manual_seed(3))
    assert P.entropy(p / p.sum()) > 0


def test_a_covariance_that_is_none_is_refused():
    flat = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(torch.linalg.LinAlgError):
        P.multivariate_normal_log_prob(torch.zeros(3, 2), torch.zeros(2), flat)
    with pytest.raises(torch.linalg.LinAlgError):
        P.sample_multivariate_normal(torch.zeros(2), flat, 3, torch.Generator())


def test_a_negative_scale_shows():
    assert P.normal_log_prob(torch.zeros(()), torch.zeros(()), torch.tensor(-1.0)).isnan()


def test_gumbel_max_survives_a_zero_from_rand(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda shape, **_: torch.zeros(shape))
    assert P.gumbel_max(torch.tensor([0.0, 5.0, 1.0]), torch.Generator()).item() == 1
