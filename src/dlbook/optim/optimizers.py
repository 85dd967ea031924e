"""Optimisers: how a parameter moves, given its gradient and what is remembered of the gradients before.

The formulas are those of `torch.optim`, whose names and defaults are kept. `lr` is the learning rate; `t` counts the
steps of a parameter from 1. What an optimiser remembers stands in `state`, never in `.grad`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

Group = dict[str, Any]

#: Settings that must lie from 0 to below 1; all other numbers must be 0 or more.
SHARES = ("momentum", "alpha", "betas")


class Optimizer:
    """Parameters in groups, each with its settings, and a state for each parameter.

    A subclass says in `update` how one parameter moves.

    Args:
        parameters: tensors, or groups: dicts with "params" and the settings that this
            group does not share with the others.
        settings: of every group that does not name its own.

    Raises:
        ValueError: no parameter, one that is given twice or that is no leaf, or a
            setting that is unknown or out of range.
    """

    def __init__(self, parameters: Iterable[Any], **settings: Any) -> None:
        self.param_groups = [settings | group for group in groups_of(parameters)]
        self.state: dict[Tensor, dict[str, Any]] = {}
        require_parameters([p for group in self.param_groups for p in group["params"]])
        for group in self.param_groups:
            require_settings(group, settings)

    def zero_grad(self) -> None:
        """Forget every gradient: `.grad` becomes None. The state stays."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, self.state.setdefault(p, {}), group)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Any], group: Group) -> None:
        """Change p in place by its gradient g; `state` is empty at its first step."""
        raise NotImplementedError


def groups_of(parameters: Any) -> list[Group]:
    """A list of groups, each with a list of parameters, from whatever was given.

    Raises:
        ValueError: it is neither tensors nor groups, or a group is without "params".
    """
    if isinstance(parameters, Tensor | dict):
        raise ValueError(
            "parameters: accepted is a list of tensors or of groups, such as [w]."
        )
    given = list(parameters)
    if not any(isinstance(part, dict) for part in given):
        return [{"params": given}]
    for i, group in enumerate(given):
        if not isinstance(group, dict) or "params" not in group:
            raise ValueError(
                f'parameters: entry {i} is no group, a dict with "params"; '
                "accepted are tensors only, or groups only."
            )
    named = [group["params"] for group in given]
    lists = [[p] if isinstance(p, Tensor) else list(p) for p in named]
    return [
        group | {"params": params} for group, params in zip(given, lists, strict=True)
    ]


def require_parameters(parameters: list[Any]) -> None:
    """Refuse what cannot be optimised.

    Raises:
        ValueError: there is no parameter, one is given twice, is no leaf, or is no
            tensor of real floating-point numbers.
    """
    if not parameters:
        raise ValueError("parameters: there are none; give model.parameters().")
    for p in parameters:
        if not isinstance(p, Tensor) or not p.is_floating_point():
            found = p.dtype if isinstance(p, Tensor) else type(p).__name__
            raise ValueError(
                f"parameters: one is {found}; accepted are tensors of floats, "
                "neither whole nor complex."
            )
        if not p.is_leaf:
            raise ValueError(
                f"parameters: one of shape {tuple(p.shape)} is the result of a "
                f"computation ({p.grad_fn.name()}) and never gets a .grad; "
                "give the tensors it came from."
            )
    if len(set(parameters)) < len(parameters):
        raise ValueError(
            "parameters: one is given twice; it would move twice in a step."
        )


def require_settings(group: Group, known: dict[str, Any]) -> None:
    """Refuse settings that an optimiser does not have, or that are out of range.

    Raises:
        ValueError: names the setting, what was given and what is accepted.
    """
    for name, value in group.items():
        if name == "params":
            continue
        if name not in known:
            raise ValueError(f"{name} is no setting; accepted are {', '.join(known)}.")
        share = name in SHARES
        numbers = value if isinstance(value, tuple | list) else (value,)
        right = len(numbers) == (2 if name == "betas" else 1) and all(
            isinstance(number, int | float | Tensor)
            and 0 <= number < (1 if share else float("inf"))
            for number in numbers
        )
        if not right:
            accepted = "0 <= value < 1" if share else "a finite number from 0"
            both = "two numbers with " if name == "betas" else ""
            raise ValueError(f"{name} = {value!r}: accepted is {both}{accepted}.")


class SGD(Optimizer):
    """p - lr v, where v is the gradient, or a running sum of gradients (eq-momentum).

    With `nesterov`, the gradient and the sum as it will be a step later (eq-nesterov).
    Weight decay is added to the gradient. Polyak (1964), Sutskever et al. (2013).
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            momentum=momentum,
            nesterov=nesterov,
            weight_decay=weight_decay,
        )
        for group in self.param_groups:
            if group["nesterov"] and not group["momentum"]:
                raise ValueError(
                    "nesterov = True: accepted with a momentum above 0 only."
                )

    def update(self, p: Tensor, g: Tensor, state: dict[str, Any], group: Group) -> None:
        g = decayed(p, g, group)
        if mu := group["momentum"]:
            if not state:
                state["velocity"] = torch.zeros_like(p)
            v = state["velocity"].mul_(mu).add_(g)  # v = mu v + g
            g = g.add(v, alpha=mu) if group["nesterov"] else v
        p.add_(g, alpha=-group["lr"])


class Adagrad(Optimizer):
    """Each element divided by the root of the sum of all its squares (eq-adagrad).

    Duchi, Hazan and Singer (2011).
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        *,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, eps=eps, weight_decay=weight_decay)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Any], group: Group) -> None:
        g = decayed(p, g, group)
        if not state:
            state["squares"] = torch.zeros_like(p)
        s = state["squares"].addcmul_(g, g)  # s = s + g^2
        p.addcdiv_(g, s.sqrt().add_(group["eps"]), value=-group["lr"])


class RMSprop(Optimizer):
    """Each element divided by the root of a running mean of its squares (eq-rmsprop).

    Tieleman and Hinton (2012). `alpha` is what is kept of the mean at each step.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
        )

    def update(self, p: Tensor, g: Tensor, state: dict[str, Any], group: Group) -> None:
        g = decayed(p, g, group)
        if not state:
            state["square"] = torch.zeros_like(p)
        alpha, v = group["alpha"], state["square"]
        v.mul_(alpha).addcmul_(g, g, value=1 - alpha)  # v = alpha v + (1 - alpha) g^2
        root = v.sqrt().add_(group["eps"])
        if group["momentum"]:
            velocity = state.setdefault("velocity", torch.zeros_like(p))
            velocity.mul_(group["momentum"]).addcdiv_(g, root)
            p.add_(velocity, alpha=-group["lr"])
        else:
            p.addcdiv_(g, root, value=-group["lr"])


class Adam(Optimizer):
    """A running mean of gradients over the root of one of their squares (eq-adam).

    Both means start at 0, which is corrected for (eq-bias-correction). Weight decay is
    added to the gradient, and so divided, too. Kingma and Ba (2015).
    """

    decoupled = False  # whether the decay is kept apart from the gradient, as in AdamW

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay
        )

    def update(self, p: Tensor, g: Tensor, state: dict[str, Any], group: Group) -> None:
        lr, (beta1, beta2) = group["lr"], group["betas"]
        if self.decoupled:
            p.mul_(1 - lr * group["weight_decay"])
        else:
            g = decayed(p, g, group)
        if not state:
            state |= {
                "t": 0,
                "mean": torch.zeros_like(p),
                "square": torch.zeros_like(p),
            }
        state["t"] += 1
        t, m, v = state["t"], state["mean"], state["square"]
        m.lerp_(g, 1 - beta1)  # m = beta1 m + (1 - beta1) g
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)  # v = beta2 v + (1 - beta2) g^2
        root = (v / (1 - beta2**t)).sqrt_().add_(group["eps"])
        p.addcdiv_(m, root, value=-lr / (1 - beta1**t))


class AdamW(Adam):
    """Adam, with a decay that no gradient touches: first p (1 - lr wd) (eq-adamw).

    Loshchilov and Hutter (2019).
    """

    decoupled = True

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(
            parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay
        )


class Muon(Optimizer):
    """Momentum for matrices, its singular values made equal, about 1 (eq-muon).

    For the weight matrices of hidden layers; biases, embeddings and the last layer go
    to AdamW. Jordan et al. (2024).

    Raises:
        ValueError: a parameter that is no matrix.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        *,
        momentum: float = 0.95,
        nesterov: bool = True,
        weight_decay: float = 0.1,
        ns_steps: int = 5,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            momentum=momentum,
            nesterov=nesterov,
            weight_decay=weight_decay,
            ns_steps=ns_steps,
        )
        for p in (p for group in self.param_groups for p in group["params"]):
            if p.ndim != 2:
                raise ValueError(
                    "parameters: Muon moves matrices, and one has shape "
                    f"{tuple(p.shape)}; give it to AdamW."
                )

    def update(self, p: Tensor, g: Tensor, state: dict[str, Any], group: Group) -> None:
        lr, mu = group["lr"], group["momentum"]
        if not state:
            state["mean"] = torch.zeros_like(p)
        m = state["mean"].lerp_(g, 1 - mu)  # only its direction counts
        direction = orthogonalize(
            g.lerp(m, mu) if group["nesterov"] else m, group["ns_steps"]
        )
        p.mul_(1 - lr * group["weight_decay"])
        p.add_(direction, alpha=-lr * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def decayed(p: Tensor, g: Tensor, group: Group) -> Tensor:
    """The gradient of the loss plus weight_decay / 2 times p squared (eq-decay)."""
    return g.add(p, alpha=group["weight_decay"]) if group["weight_decay"] else g


def orthogonalize(
    g: Float[Tensor, "m n"], steps: int = 5, dtype: torch.dtype = torch.bfloat16
) -> Float[Tensor, "m n"]:
    """The same singular vectors, and singular values near 1 (eq-newton-schulz).

    By an iteration of matrix products, with the coefficients of Jordan et al. (2024).
    Five steps bring singular values above about 0.002 of the norm to between 0.68 and
    1.21; smaller ones stay smaller.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.to(dtype)
    if g.shape[0] > g.shape[1]:
        x = x.T
    x = x / x.norm().clamp(min=1e-7)  # no singular value is above 1
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if g.shape[0] > g.shape[1] else x
