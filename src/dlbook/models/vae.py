"""The variational autoencoder: two small networks, and the bound that trains them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Generator, Tensor, nn
from torch.nn.functional import one_hot, relu

from dlbook.functional.probability import normal_log_prob
from dlbook.functional.variational import (
    bernoulli_log_likelihood,
    elbo,
    gaussian_log_likelihood,
    kl_to_standard_normal,
    reparameterize,
)

LIKELIHOODS = ("bernoulli", "gaussian")


@dataclass(frozen=True)
class Config:
    """Shape of a variational autoencoder; the default is for pictures of 28 x 28."""

    inputs: int = 784  # numbers an example
    hidden: int = 400  # units of the one hidden layer, in encoder and decoder
    latent: int = 20
    likelihood: str = "bernoulli"  # of numbers from 0 to 1; or gaussian, of any
    classes: int = 0  # of a conditional model, which is given the class; else 0
    variance: float = 0.0  # of the Gaussian; 0: one log-variance, learnt

    def __post_init__(self) -> None:
        for name in ("inputs", "hidden", "latent", "classes"):
            value, least = getattr(self, name), 0 if name == "classes" else 1
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} = {value!r}: accepted are whole numbers.")
            if value < least:
                raise ValueError(f"{name} = {value}: accepted is {least} or more.")
        if self.likelihood not in LIKELIHOODS:
            raise ValueError(
                f"likelihood = {self.likelihood!r}: "
                f"accepted is one of {', '.join(LIKELIHOODS)}."
            )
        if not 0 <= self.variance < math.inf:
            raise ValueError(f"variance = {self.variance}: accepted is 0 or more.")
        if self.variance and self.likelihood != "gaussian":
            raise ValueError(
                f"variance = {self.variance} with likelihood = {self.likelihood!r}: "
                "only a gaussian has one; accepted is 0."
            )


class VAE(nn.Module):
    """Encoder q(z | x), decoder p(x | z), and the prior N(0, 1) of each latent.

    Both networks have one hidden layer. The encoder ends in two heads, mean and
    log-variance of each latent, and neither has an activation; the decoder ends in
    logits, or in the means of a Gaussian, whose log-variance is `x_logvar`.
    """

    def __init__(self, config: Config = Config()) -> None:
        super().__init__()
        self.config = c = config
        self.read = nn.Linear(c.inputs + c.classes, c.hidden)
        self.mu = nn.Linear(c.hidden, c.latent)
        self.logvar = nn.Linear(c.hidden, c.latent)
        self.unfold = nn.Linear(c.latent + c.classes, c.hidden)
        self.write = nn.Linear(c.hidden, c.inputs)
        if c.likelihood == "gaussian":
            start = torch.tensor(math.log(c.variance or 1.0))
            self.x_logvar = nn.Parameter(start, requires_grad=not c.variance)

    def encode(
        self, x: Shaped[Tensor, "*x"], labels: Shaped[Tensor, "*n"] | None = None
    ) -> tuple[Float[Tensor, "b latent"], Float[Tensor, "b latent"]]:
        """Mean and log-variance of q(z | x), (b, latent) each.

        Raises:
            TypeError: x that are no floats, or labels that are no whole numbers.
            ValueError: x is not (b, inputs), or labels that do not fit the model.
        """
        require_rows("x", x, self.config.inputs)
        h = relu(self.read(self.with_labels(x, labels)))
        return self.mu(h), self.logvar(h)

    def decode(
        self, z: Shaped[Tensor, "*z"], labels: Shaped[Tensor, "*n"] | None = None
    ) -> Float[Tensor, "b inputs"]:
        """Parameters of p(x | z): logits, or means (b, inputs). Raises as `encode`."""
        require_rows("z", z, self.config.latent)
        return self.write(relu(self.unfold(self.with_labels(z, labels))))

    def forward(
        self,
        x: Shaped[Tensor, "*x"],
        labels: Shaped[Tensor, "*n"] | None = None,
        *,
        noise: Float[Tensor, "*e"] | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Parameters of p(x | z) at one draw of z, and mu and logvar of q(z | x).

        The draw is made in training *and* evaluation mode: the bound is an expectation
        over it. With `noise`, (b, latent), nothing is drawn; zeros decode the mean.
        """
        mu, logvar = self.encode(x, labels)
        noise = torch.randn_like(mu) if noise is None else noise
        z = reparameterize(mu, logvar, noise)
        return self.decode(z, labels), mu, logvar

    def log_likelihood(
        self, parameters: Float[Tensor, "*p"], x: Shaped[Tensor, "*x"]
    ) -> Float[Tensor, " b"]:
        """log p(x | z) a row, of what `decode` gave.

        Raises:
            ValueError: shapes that differ; of a Bernoulli, an x outside 0 to 1.
        """
        if self.config.likelihood == "bernoulli":
            return bernoulli_log_likelihood(parameters, x)
        return gaussian_log_likelihood(parameters, x, self.x_logvar)

    def elbo(
        self,
        x: Shaped[Tensor, "*x"],
        labels: Shaped[Tensor, "*n"] | None = None,
        *,
        noise: Float[Tensor, "*e"] | None = None,
        beta: float = 1.0,
    ) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"], Float[Tensor, " b"]]:
        """The bound from one draw, and its parts: log p(x | z), KL (eq-vae-elbo).

        Raises:
            TypeError, ValueError: as `encode`, `log_likelihood` and a beta below 0.
        """
        parameters, mu, logvar = self(x, labels, noise=noise)
        log_likelihood = self.log_likelihood(parameters, x)
        kl = kl_to_standard_normal(mu, logvar)
        return elbo(log_likelihood, kl, beta), log_likelihood, kl

    def log_weights(
        self,
        x: Shaped[Tensor, "*x"],
        k: int,
        labels: Shaped[Tensor, "*n"] | None = None,
        *,
        noise: Float[Tensor, "*e"] | None = None,
    ) -> Float[Tensor, "k b"]:
        """log p(x | z) + log p(z) - log q(z | x) for k draws of each row (eq-iwae).

        `noise`, where given, is (k, b, latent). Memory for k * b rows is needed.

        Raises:
            ValueError: k below 1, noise of another shape, and as `encode`.
        """
        if k < 1:
            raise ValueError(f"k = {k}: accepted is 1 or more.")
        one, zero = x.new_ones(()), x.new_zeros(())
        mu, logvar = (t.expand(k, -1, -1) for t in self.encode(x, labels))
        noise = torch.randn_like(mu) if noise is None else noise
        z = reparameterize(mu, logvar, noise)  # (k, b, latent)
        again = None if labels is None else labels.repeat(k)
        parameters = self.decode(z.flatten(0, 1), again)  # (k * b, inputs)
        log_p_x = self.log_likelihood(parameters, x.repeat(k, 1)).view(k, -1)
        log_p_z = normal_log_prob(z, zero, one).sum(dim=-1)
        log_q_z = normal_log_prob(z, mu, torch.exp(logvar / 2)).sum(dim=-1)
        return log_p_x + log_p_z - log_q_z

    def mean(self, parameters: Float[Tensor, "*p"]) -> Float[Tensor, "*p"]:
        """The mean of p(x | z), of what `decode` gave: what is shown as a picture."""
        bernoulli = self.config.likelihood == "bernoulli"
        return parameters.sigmoid() if bernoulli else parameters

    @torch.no_grad()
    def sample(
        self,
        n: int,
        labels: Shaped[Tensor, "*n"] | None = None,
        generator: Generator | None = None,
    ) -> Float[Tensor, "n inputs"]:
        """z drawn from the prior, and the mean of p(x | z): n new pictures.

        A draw of the model has the noise of p(x | z) as well: `torch.bernoulli` of it.

        Raises:
            TypeError, ValueError: n below 1, or labels as for `encode`.
        """
        if n < 1:
            raise ValueError(f"n = {n}: accepted is 1 or more.")
        weight = self.unfold.weight
        device = weight.device if generator is None else generator.device
        shape = (n, self.config.latent)
        z = torch.randn(shape, generator=generator, device=device, dtype=weight.dtype)
        return self.mean(self.decode(z.to(weight.device), labels))

    def with_labels(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """x, and beside it the classes one-hot where the model is conditional."""
        classes = self.config.classes
        require_labels(labels, len(x), classes)
        if not classes:
            return x
        return torch.cat([x, one_hot(labels.long(), classes).to(x.dtype)], dim=-1)


def require_rows(name: str, x: Shaped[Tensor, "*x"], width: int) -> None:
    """Refuse what are no rows of floats of that width.

    Raises:
        TypeError: no floats.
        ValueError: another number of axes, or another width.
    """
    if not x.is_floating_point():
        raise TypeError(f"{name} of dtype {x.dtype}: accepted are floats.")
    if x.ndim != 2 or x.shape[1] != width:
        hint = "; flatten pictures first" if x.ndim > 2 else ""
        raise ValueError(f"{name} {tuple(x.shape)}: accepted is (b, {width}){hint}.")


def require_labels(
    labels: Shaped[Tensor, "*n"] | None, rows: int, classes: int
) -> None:
    """Refuse labels that a model of so many classes, 0 for none, has no use for.

    Raises:
        TypeError: labels that are no whole numbers.
        ValueError: none for a conditional model, some for another, not one a row, or
            one that is not 0 to classes - 1.
    """
    if classes == 0 and labels is not None:
        raise ValueError("labels: accepted by a model with classes = 0 is None.")
    if classes == 0:
        return
    if labels is None:
        raise ValueError(
            f"labels = None: accepted by a model of {classes} classes is one a row."
        )
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise TypeError(
            f"labels of dtype {labels.dtype}: accepted are whole numbers, torch.int64."
        )
    if labels.shape != (rows,):
        raise ValueError(
            f"labels {tuple(labels.shape)}: accepted is one a row, ({rows},)."
        )
    if rows and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(
            f"labels from {int(labels.min())} to {int(labels.max())}: accepted are "
            f"0 to {classes - 1}."
        )
