"""What recurrent cells and layers may be given: each check refuses with one sentence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8)


def require_ids(ids: Shaped[Tensor, "*n"], rows: int) -> None:
    """Refuse what does not name a row of a table.

    Raises:
        TypeError: ids that are no whole numbers.
        ValueError: an id that is not 0 to rows - 1.
    """
    if ids.dtype not in (torch.int64, torch.int32):
        raise TypeError(
            f"ids of dtype {ids.dtype}: accepted are whole numbers, torch.int64."
        )
    if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < rows:
        raise ValueError(
            f"ids from {int(ids.min())} to {int(ids.max())}: accepted for a table of "
            f"{rows} rows are 0 to {rows - 1}."
        )


def require_lengths(
    lengths: Tensor | Sequence[int], x: Float[Tensor, "t b d"]
) -> Int[Tensor, " b"]:
    """The lengths as a tensor beside x, where each sequence has one from 1 to t.

    Raises:
        TypeError: lengths that are no whole numbers.
        ValueError: not one length a sequence, or a length that is not 1 to t.
    """
    steps, batch, _ = x.shape
    if not isinstance(lengths, Tensor) and not len(lengths):
        lengths = torch.empty(0, dtype=torch.int64)  # a list of nothing has no dtype
    counts = torch.as_tensor(lengths, device=x.device)
    if counts.dtype not in WHOLE:
        raise TypeError(
            f"lengths of dtype {counts.dtype}: accepted are whole numbers, torch.int64."
        )
    if counts.shape != (batch,):
        raise ValueError(
            f"lengths {tuple(counts.shape)}: accepted for {batch} sequences is one "
            f"length each, ({batch},)."
        )
    if batch and not 1 <= int(counts.min()) <= int(counts.max()) <= steps:
        raise ValueError(
            f"lengths from {int(counts.min())} to {int(counts.max())}: accepted for "
            f"{steps} steps are 1 to {steps}."
        )
    return counts


def require_sequence(
    x: Float[Tensor, "*x"],
    state: Tensor | Sequence[Tensor],
    weights: Sequence[Tensor | None],
) -> None:
    """Refuse x, or a state, that does not fit the weights w_ih and w_hh.

    Raises:
        ValueError: x is not (t, b, d) with a step or more, the state not (b, h), or the
            weights are fewer than two, or of different numbers of rows.
    """
    shapes = [None if w is None else tuple(w.shape) for w in weights[:2]]
    if len(shapes) < 2 or None in shapes or shapes[0][0] != shapes[1][0]:
        given = ", ".join(map(str, shapes)) or "none"
        raise ValueError(
            f"weights {given}: accepted are w_ih and w_hh, with as many rows each."
        )
    require_input(x, weights[0].shape[1])
    shape = (x.shape[1], weights[1].shape[1])
    require_state(state, shape, not isinstance(state, Tensor))


def require_input(
    x: Float[Tensor, "*x"], width: int, batch_first: bool = False
) -> None:
    """Refuse what is no batch of sequences of that width.

    Raises:
        ValueError: another number of axes, another width, or no step.
    """
    axes = "batch, steps" if batch_first else "steps, batch"
    if x.ndim != 3 or x.shape[2] != width or x.shape[int(batch_first)] == 0:
        raise ValueError(
            f"x {tuple(x.shape)}: accepted is ({axes}, {width}), with a step or more."
        )


def require_state(
    state: Tensor | Sequence[Tensor], shape: tuple[int, ...], pair: bool
) -> None:
    """Refuse a state that has not that shape; of a pair, both have it.

    Raises:
        ValueError: another shape, one tensor for a pair, or a pair for one.
    """
    parts = [state] if isinstance(state, Tensor) else list(state)
    shapes = [tuple(part.shape) for part in parts]
    if isinstance(state, Tensor) == pair or shapes != [shape] * (1 + pair):
        given = ", ".join(map(str, shapes))
        wanted = f"a pair (h, c), each {shape}" if pair else f"a tensor {shape}"
        raise ValueError(f"state {given}: accepted is {wanted}.")


def require_pair(state: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    """The state, where it is a pair: a tensor of two rows would unpack into them.

    Raises:
        ValueError: it is one tensor, or not two.
    """
    if isinstance(state, Tensor) or len(state) != 2:
        given = (
            f" {tuple(state.shape)}"
            if isinstance(state, Tensor)
            else f" of {len(state)}"
        )
        raise ValueError(f"state{given}: accepted is a pair (h, c).")
    return state


def require_blocks(
    w_hh: Float[Tensor, "rows columns"], h: Float[Tensor, "b h"], blocks: int
) -> None:
    """Refuse weights that have not so many blocks of a row a unit: they may broadcast.

    Raises:
        ValueError: another number of rows.
    """
    if len(w_hh) != blocks * h.shape[1]:
        raise ValueError(
            f"w_hh {tuple(w_hh.shape)}: accepted for a state of {h.shape[1]} units are "
            f"{blocks * h.shape[1]} rows."
        )


def require_square(w: Float[Tensor, "*w"]) -> None:
    """Refuse what is no square matrix of finite numbers.

    Raises:
        ValueError: as said; LAPACK, given nan, may end the whole program.
    """
    if w.ndim != 2 or w.shape[0] != w.shape[1] or not len(w):
        raise ValueError(f"w {tuple(w.shape)}: accepted is a square matrix, (h, h).")
    if not bool(w.isfinite().all()):
        raise ValueError("w holds nan or infinity: accepted are finite numbers.")


def require_layers(inputs: int, hidden: int, layers: int, dropout: float) -> None:
    """Refuse sizes below 1, and dropout between layers where there are not two.

    Raises:
        ValueError: as said.
    """
    if min(inputs, hidden, layers) < 1:
        raise ValueError(
            f"inputs = {inputs}, hidden = {hidden}, layers = {layers}: "
            "accepted are 1 or more."
        )
    if dropout and layers == 1:
        raise ValueError(
            f"dropout = {dropout} with layers = 1: it acts between layers; accepted "
            "is 0, or more layers."
        )
