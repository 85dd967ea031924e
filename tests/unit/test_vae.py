"""dlbook.models.vae: what it refuses, its modes, labels, and its bounds beside an exact likelihood."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator
from torch.distributions import Independent, MultivariateNormal, Normal

from dlbook.functional.variational import importance_bound
from dlbook.models.vae import VAE, Config

SMALL = Config(inputs=6, hidden=5, latent=2)
CONDITIONAL = Config(inputs=6, hidden=5, latent=2, classes=3)
GAUSSIAN = Config(inputs=6, hidden=5, latent=2, likelihood="gaussian")
LABELS = torch.tensor([0, 2, 1, 1])


def model(config=SMALL, seed=0):
    torch.manual_seed(seed)
    return VAE(config).double()


def pictures(b=4, d=6, seed=1):
    return torch.rand(d, b, generator=Generator().manual_seed(seed), dtype=torch.float64).T  # not contiguous


X = pictures()


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (ValueError, lambda: Config(latent=0), "latent = 0: accepted is 1 or more."),
        (ValueError, lambda: Config(classes=-1), "classes = -1: accepted is 0 or more."),
        (TypeError, lambda: Config(hidden=True), "hidden = True: accepted are whole numbers."),
        (ValueError, lambda: Config(likelihood="mse"), "likelihood = 'mse': accepted is one of bernoulli, gaussian."),
        (ValueError, lambda: Config(variance=-1.0), "variance = -1.0: accepted is 0 or more."),
        (ValueError, lambda: Config(likelihood="gaussian", variance=math.nan), "variance = nan: accepted is 0 or more"),
        (ValueError, lambda: Config(variance=0.1), "variance = 0.1 with likelihood = 'bernoulli': only a gaussian"),
        (ValueError, lambda: model()(X[:, :5]), "x (4, 5): accepted is (b, 6)."),
        (ValueError, lambda: model()(X[0]), "x (6,): accepted is (b, 6)."),
        (ValueError, lambda: model()(X.view(4, 1, 2, 3)), "x (4, 1, 2, 3): accepted is (b, 6); flatten pictures first"),
        (TypeError, lambda: model()((255 * X).byte()), "x of dtype torch.uint8: accepted are floats."),
        (ValueError, lambda: model().elbo(255 * X.round()), "x from 0 to 255: accepted are numbers from 0 to 1."),
        (ValueError, lambda: model().elbo(X - 0.5 - X.min()), "x from -0.5 to"),
        (ValueError, lambda: model().decode(X), "z (4, 6): accepted is (b, 2)."),
        (ValueError, lambda: model()(X, noise=X[:, :3]), "noise (4, 3): accepted is the shape of mu, (4, 2)."),
        (ValueError, lambda: model()(X, noise=X[0, :2]), "noise (2,): accepted is the shape of mu, (4, 2)."),
        (ValueError, lambda: model().elbo(X, beta=-1.0), "beta = -1.0: accepted is 0 or more."),
        (ValueError, lambda: model().log_weights(X, 0), "k = 0: accepted is 1 or more."),
        (
            ValueError,
            lambda: model().log_weights(X, 3, noise=X[:, :2]),
            "noise (4, 2): accepted is the shape of mu, (3",
        ),
        (ValueError, lambda: model().sample(0), "n = 0: accepted is 1 or more."),
        (ValueError, lambda: model()(X, LABELS), "labels: accepted by a model with classes = 0 is None."),
        (ValueError, lambda: model(CONDITIONAL)(X), "labels = None: accepted by a model of 3 classes is one a row."),
        (ValueError, lambda: model(CONDITIONAL).sample(4), "labels = None: accepted by a model of 3 classes"),
        (ValueError, lambda: model(CONDITIONAL).sample(5, LABELS), "labels (4,): accepted is one a row, (5,)."),
        (ValueError, lambda: model(CONDITIONAL)(X, LABELS[:, None]), "labels (4, 1): accepted is one a row, (4,)."),
        (ValueError, lambda: model(CONDITIONAL)(X, LABELS + 1), "labels from 1 to 3: accepted are 0 to 2."),
        (ValueError, lambda: model(CONDITIONAL)(X, LABELS - 1), "labels from -1 to 1: accepted are 0 to 2."),
        (
            TypeError,
            lambda: model(CONDITIONAL)(X, LABELS.double()),
            "labels of dtype torch.float64: accepted are whole",
        ),
    ],
)
def test_refused(error, call, words):
    with pytest.raises(error) as refused:
        call()
    assert words in str(refused.value)


@pytest.mark.parametrize("config", [SMALL, CONDITIONAL, GAUSSIAN])
def test_shapes(config):
    vae, labels = model(config), LABELS if config.classes else None
    parameters, mu, logvar = vae(X, labels)
    assert (parameters.shape, mu.shape, logvar.shape) == ((4, 6), (4, 2), (4, 2))
    assert [part.shape for part in vae.elbo(X, labels)] == [(4,)] * 3
    assert vae.log_weights(X, 3, labels).shape == (3, 4)
    assert vae.sample(4, labels).shape == (4, 6)
    assert not vae.sample(4, labels).requires_grad


def test_the_widely_used_sizes():
    assert sum(p.numel() for p in VAE().parameters()) == 784 * 400 + 400 + 2 * (400 * 20 + 20) + 20 * 400 + 400 + (
        400 * 784 + 784
    )


@pytest.mark.parametrize("training", [True, False])
def test_the_code_is_drawn_in_both_modes_unless_noise_is_given(training):
    vae = model().train(training)
    assert not torch.equal(vae(X)[0], vae(X)[0])
    torch.manual_seed(3)
    drawn = vae(X)[0]
    torch.manual_seed(3)
    noise = torch.randn(4, 2, dtype=torch.float64)
    assert torch.equal(vae(X, noise=noise)[0], drawn)
    assert torch.equal(vae(X, noise=0 * noise)[0], vae.decode(vae.encode(X)[0]))


def test_heads_and_decoder_have_no_activation():
    vae = model()
    with torch.no_grad():
        for layer in (vae.mu, vae.logvar, vae.write):
            layer.weight.zero_()
            layer.bias.fill_(-3.0)
    parameters, mu, logvar = vae(X)
    assert {value for t in (parameters, mu, logvar) for value in t.unique().tolist()} == {-3.0}


def test_the_bound_is_the_sum_of_its_parts_and_every_parameter_learns():
    for config in (SMALL, CONDITIONAL, GAUSSIAN):
        vae, labels, noise = model(config), LABELS if config.classes else None, pictures(d=2)
        bound, likelihood, kl = vae.elbo(X, labels, noise=noise, beta=2.5)
        torch.testing.assert_close(bound, likelihood - 2.5 * kl)
        bound.sum().backward()
        assert all(p.grad.abs().sum() > 0 for p in vae.parameters())


def test_a_given_variance_is_not_learnt_but_saved():
    vae = model(Config(inputs=6, hidden=5, latent=2, likelihood="gaussian", variance=0.25))
    vae.elbo(X)[0].sum().backward()
    assert vae.x_logvar.grad is None
    assert vae.state_dict()["x_logvar"].item() == pytest.approx(math.log(0.25))
    mean = torch.zeros_like(X)
    exact = Independent(Normal(mean, 0.5), 1).log_prob(X)
    torch.testing.assert_close(vae.log_likelihood(mean, X), exact, rtol=1e-6, atol=0)


def test_labels_reach_encoder_and_decoder():
    vae, noise = model(CONDITIONAL), pictures(d=2)
    parameters, mu, _ = vae(X, LABELS, noise=noise)
    _, other_mu, _ = vae(X, (LABELS + 1) % 3, noise=noise)
    assert (mu != other_mu).any(dim=1).all()
    z = torch.zeros(3, 2).double()
    assert len(vae.decode(z, torch.arange(3)).unique(dim=0)) == 3
    swap = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(vae(X[swap], LABELS[swap], noise=noise[swap])[0], parameters[swap])
    int32 = vae(X, LABELS.int(), noise=noise)[0]
    assert torch.equal(int32, parameters)


def test_weights_are_of_their_own_row_and_label():
    vae = model(CONDITIONAL)
    noise = torch.randn(3, 4, 2, generator=Generator().manual_seed(5), dtype=torch.float64)
    weights = vae.log_weights(X, 3, LABELS, noise=noise)
    for k in range(3):
        for b in range(4):
            row = vae.log_weights(X[b : b + 1], 1, LABELS[b : b + 1], noise=noise[k : k + 1, b : b + 1])
            torch.testing.assert_close(weights[k, b], row[0, 0])


def test_sample_is_the_mean_of_the_decoder_at_draws_of_the_prior():
    for config, mean in ((SMALL, torch.sigmoid), (GAUSSIAN, lambda parameters: parameters)):
        vae = model(config)
        got = vae.sample(7, generator=Generator().manual_seed(2))
        z = torch.randn(7, 2, generator=Generator().manual_seed(2), dtype=torch.float64)
        assert torch.equal(got, mean(vae.decode(z)))


class Linear(VAE):
    """Of which the likelihood is known: x = W z + b + noise. The encoder is `away` from the best diagonal one."""

    W = torch.tensor([[1.0, 0.3], [-0.5, 0.8], [0.2, -1.1]]).double()
    b = torch.tensor([0.5, -1.0, 0.25]).double()
    variance = 0.5

    def __init__(self, away: float) -> None:
        super().__init__(Config(inputs=3, hidden=1, latent=2, likelihood="gaussian", variance=self.variance))
        self.double()
        self.x_logvar.data.fill_(math.log(self.variance))  # to the last digit
        self.away = away
        self.covariance = torch.linalg.inv(torch.eye(2).double() + self.W.T @ self.W / self.variance)

    def encode(self, x, labels=None):
        mu = (x - self.b) @ self.W @ self.covariance / self.variance
        return mu + self.away, (self.covariance.diagonal().log() + self.away).expand_as(mu)

    def decode(self, z, labels=None):
        return z @ self.W.T + self.b

    def exact(self, x):
        covariance = self.W @ self.W.T + self.variance * torch.eye(3).double()
        return MultivariateNormal(self.b, covariance).log_prob(x)


class Orthogonal(Linear):
    """Its true posterior is diagonal, so that the encoder can be it."""

    W = torch.tensor([[1.0, 0.5], [-0.5, 1.0], [0.0, 0.0]]).double()


ROWS = 2 * torch.randn(5, 3, generator=Generator().manual_seed(7), dtype=torch.float64)


@pytest.mark.parametrize("away", [0.3, -0.4])
def test_the_elbo_the_bound_and_the_exact_likelihood_stand_in_that_order(away):
    vae, n, generator = Linear(away), 4_000, Generator().manual_seed(0)
    exact, means, errors = vae.exact(ROWS), [], []
    for k in (1, 4, 16):
        noise = torch.randn(k, n * 5, 2, generator=generator, dtype=torch.float64)
        bounds = importance_bound(vae.log_weights(ROWS.repeat(n, 1), k, noise=noise)).view(n, 5)
        means.append(bounds.mean(0))
        errors.append(bounds.std(0) / math.sqrt(n))
    for k, tighter in ((0, means[1]), (1, means[2])):
        assert (tighter > means[k] + 5 * (errors[k] ** 2 + errors[k + 1] ** 2) ** 0.5).all()  # more than chance
    assert (means[2] < exact + 4 * errors[2]).all()
    assert (exact - means[2] < 0.3 * (exact - means[0])).all()


def test_the_gap_of_the_elbo_is_the_divergence_from_the_true_posterior():
    vae = Linear(0.3)
    noise = torch.randn(50_000, 5, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    bound = vae.elbo(ROWS.repeat(50_000, 1), noise=noise.flatten(0, 1))[0].view(50_000, 5)
    mu, logvar = vae.encode(ROWS)
    posterior = MultivariateNormal(mu - 0.3, vae.covariance)
    encoder = MultivariateNormal(mu, torch.diag_embed(logvar.exp()))
    gap = torch.distributions.kl_divergence(encoder, posterior)
    error = bound.std(0) / math.sqrt(50_000)
    assert ((bound.mean(0) + gap - vae.exact(ROWS)).abs() < 5 * error).all()
    assert (gap > 20 * error).all()


def test_with_the_true_posterior_every_weight_is_the_likelihood():
    vae = Orthogonal(0.0)
    torch.testing.assert_close(vae.log_weights(ROWS, 3), vae.exact(ROWS).expand(3, 5))
    bound = vae.elbo(ROWS)[0]
    assert ((bound - vae.exact(ROWS)).abs() > 1e-6).all()  # one draw of log p(x | z), but the KL in closed form
