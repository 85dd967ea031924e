"""A recurrent network: symbols or numbers in, torch's fused layers, one linear layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from dlbook.functional.sequences import require_ids, require_input, require_lengths

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


@dataclass(frozen=True)
class Config:
    """Shape of a recurrent network, and how it starts."""

    inputs: int  # numbers a step; with symbols, the width of their embedding
    hidden: int = 64
    outputs: int = 1
    cell: str = "lstm"  # rnn, lstm or gru
    layers: int = 1
    bidirectional: bool = False
    symbols: int = 0  # how many there are, where ids come in; 0 where numbers do
    dropout: float = 0.0  # between the layers, and before the linear one
    per_step: bool = False  # outputs for each step, not for the whole sequence
    forget_bias: float = 0.0  # added to the bias of an LSTM's forget gate at the start

    def __post_init__(self) -> None:
        for name in ("inputs", "hidden", "outputs", "layers", "symbols"):
            value, least = getattr(self, name), 0 if name == "symbols" else 1
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} = {value!r}: accepted are whole numbers.")
            if value < least:
                raise ValueError(f"{name} = {value}: accepted is {least} or more.")
        if self.cell not in CELLS:
            raise ValueError(
                f"cell = {self.cell!r}: accepted is one of {', '.join(CELLS)}."
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout = {self.dropout}: accepted is 0 <= dropout < 1.")
        if self.forget_bias and self.cell != "lstm":
            raise ValueError(
                f"forget_bias = {self.forget_bias} with cell = {self.cell!r}: "
                "only an lstm has a forget gate; accepted is 0. (Of a gru, the update "
                "gate keeps: raise the second third of its bias by hand.)"
            )


class Recurrent(nn.Module):
    """(Embedding,) recurrent layers, and a linear layer on what they end with.

    That is the last hidden state of the last layer; of a bidirectional one, the last of
    both ways side by side. With `per_step` it is the hidden state of each step.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = c = config
        self.embedding = nn.Embedding(c.symbols, c.inputs) if c.symbols else None
        self.recurrent = CELLS[c.cell](
            c.inputs,
            c.hidden,
            c.layers,
            batch_first=True,
            bidirectional=c.bidirectional,
            dropout=c.dropout if c.layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(c.dropout)
        self.head = nn.Linear(c.hidden * (1 + c.bidirectional), c.outputs)
        if c.forget_bias:
            raise_forget_bias(self.recurrent, c.forget_bias)

    def forward(
        self, x: Shaped[Tensor, "*x"], lengths: Tensor | Sequence[int] | None = None
    ) -> Float[Tensor, "*y"]:
        """Outputs (b, outputs), or (b, t, outputs) with `per_step`.

        x is (b, t, inputs), or ids (b, t). With `lengths`, each sequence ends at its
        own; what `per_step` returns beyond is the bias of the head: leave it out.

        Raises:
            TypeError: ids, or lengths, that are no whole numbers.
            ValueError: shapes that do not fit, an id that is no symbol, or a length
                that is not 1 to t.
        """
        if self.embedding is not None:
            require_ids(x, self.config.symbols)
            x = self.embedding(x)  # (b, t, inputs)
        require_input(x, self.config.inputs, batch_first=True)
        steps = x.shape[1]
        if lengths is not None:
            counts = require_lengths(lengths, x.transpose(0, 1)).cpu()
            x = pack_padded_sequence(x, counts, batch_first=True, enforce_sorted=False)
        output, state = self.recurrent(x)
        if self.config.per_step and lengths is not None:
            output, _ = pad_packed_sequence(output, True, total_length=steps)
        if not self.config.per_step:
            h = state[0] if self.config.cell == "lstm" else state
            ways = 2 if self.config.bidirectional else 1
            output = torch.cat(list(h[-ways:]), dim=1)
        return self.head(self.dropout(output))


def raise_forget_bias(lstm: nn.RNNBase, by: float) -> None:
    """Add to the bias of every forget gate, in place: the second of four blocks.

    Source: Gers et al. (2000); Jozefowicz et al. (2015).

    Raises:
        ValueError: a layer that has no forget gates.
    """
    if lstm.mode != "LSTM":
        raise ValueError(f"lstm is of mode {lstm.mode}: accepted is an nn.LSTM.")
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias_ih"):  # of the two biases that are summed, one
            with torch.no_grad():
                parameter.chunk(4)[1].add_(by)
