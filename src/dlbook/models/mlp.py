"""The multilayer perceptron: linear layers with an activation between them."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Generator, Tensor, nn

from dlbook.functional.initialization import he_std

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


@dataclass(frozen=True)
class Config:
    """Shape of a multilayer perceptron; the default is for pictures of 28 x 28."""

    sizes: tuple[int, ...] = (784, 128, 10)  # inputs, hidden layers, outputs
    activation: str = "relu"
    dropout: float = 0.0  # share of hidden units dropped in training

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(
                f"sizes = {self.sizes}: accepted are two or more sizes from 1."
            )
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"activation = {self.activation!r}: "
                f"accepted is one of {', '.join(ACTIVATIONS)}."
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(
                f"dropout = {self.dropout}: accepted is 0 <= dropout < 1."
            )


class MLP(nn.Module):
    """Flatten, then linear layers with an activation after each but the last (eq-mlp).

    The result are logits: no activation and no softmax stands after the last layer.
    """

    def __init__(self, config: Config = Config()) -> None:
        super().__init__()
        self.config = config
        *hidden, _ = zip(config.sizes, config.sizes[1:], strict=False)
        layers: list[nn.Module] = [nn.Flatten()]
        for fan_in, fan_out in hidden:
            layers += [nn.Linear(fan_in, fan_out), ACTIVATIONS[config.activation]()]
            if config.dropout:
                layers.append(nn.Dropout(config.dropout))
        layers.append(nn.Linear(config.sizes[-2], config.sizes[-1]))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "b ..."]) -> Float[Tensor, "b out"]:
        return self.layers(x)


def initialize(
    model: nn.Module,
    gain: float = 2**0.5,
    *,
    last: float = 1.0,
    generator: Generator | None = None,
) -> nn.Module:
    """Fill every linear layer in place: variance gain**2 / fan_in, biases 0 (eq-he).

    With the default gain it is the one of He et al. (2015) for ReLU.

    Args:
        last: a factor on the weights of the last linear layer; with a small one,
            training starts at the loss of guessing, ln(classes).
        generator: draws the weights; torch's global one where there is none.
    """
    linear = [m for m in model.modules() if isinstance(m, nn.Linear)]
    for layer in linear:
        std = he_std(layer.in_features, gain) * (last if layer is linear[-1] else 1)
        nn.init.normal_(layer.weight, std=std, generator=generator)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return model
