"""Optimisers and schedules from scratch: each step for step equal to the one of the same name in `torch.optim`.

An optimiser reads gradients and moves parameters; a schedule sets its learning rate.
"""

from dlbook.optim.optimizers import SGD, Adagrad, Adam, AdamW, Muon, Optimizer, RMSprop, orthogonalize
from dlbook.optim.schedules import (
    Plateau,
    Schedule,
    constant,
    cosine,
    inverse_square_root,
    one_cycle,
    step_decay,
    then,
    warm_up,
)

__all__ = [
    "SGD", "Adagrad", "Adam", "AdamW", "Muon", "Optimizer", "Plateau", "RMSprop", "Schedule", "constant", "cosine",
    "inverse_square_root", "one_cycle", "orthogonalize", "step_decay", "then", "warm_up",
]  # fmt: skip
