"""The Transformer: an encoder that reads, and a decoder that writes symbol by symbol.

Source: Vaswani et al. (2017); with the norms first, as most since Xiong et al. (2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from dlbook.functional.attention import (
    alibi,
    causal_mask,
    padding_mask,
    rotary,
    sinusoidal,
)
from dlbook.functional.masks import (
    require_dropout,
    require_even,
    require_heads,
    require_mask,
    require_positions,
    require_sources,
    require_visible,
)
from dlbook.functional.sequences import require_ids, require_input
from dlbook.layers import DecoderLayer, EncoderLayer, LayerNorm

POSITIONS = ("sinusoidal", "learned", "rotary", "alibi", "none")


@dataclass(frozen=True)
class Config:
    """Shape of a Transformer; encoder and decoder have it in common."""

    symbols: int  # how many the encoder reads; 0 where vectors of `width` come in
    width: int = 64
    heads: int = 4
    hidden: int = 256  # between the two linear layers of a block
    layers: int = 2  # of the encoder, and as many of the decoder
    dropout: float = 0.0  # of attention, of hidden units, and of what each part adds
    norm_first: bool = True
    positions: str = "sinusoidal"  # learned, rotary, alibi, none
    length: int = 256  # the most positions of a sequence
    targets: int = 0  # symbols that the decoder writes; 0: as many as `symbols`
    tie: bool = True  # the decoder's embedding also scores what it writes

    def __post_init__(self) -> None:
        names = ("symbols", "width", "heads", "hidden", "layers", "length", "targets")
        for name in names:
            value, least = getattr(self, name), int(name not in ("symbols", "targets"))
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} = {value!r}: accepted are whole numbers.")
            if value < least:
                raise ValueError(f"{name} = {value}: accepted is {least} or more.")
        require_heads(self.width, self.heads)
        require_dropout(self.dropout)
        if self.positions not in POSITIONS:
            raise ValueError(
                f"positions = {self.positions!r}: accepted is one of "
                f"{', '.join(POSITIONS)}."
            )
        if self.positions == "sinusoidal":
            require_even(self.width)
        if self.positions == "rotary":
            require_even(self.width // self.heads)


class Cache:
    """Keys and values of all layers of a decoder, for what it has read so far.

    Give one cache to call after call, and each call needs the new symbols alone.
    """

    def __init__(self) -> None:
        self.layers: dict[int, tuple[list[Tensor], list[Tensor]]] = {}

    def of(self, layer: int) -> tuple[list[Tensor], list[Tensor]]:
        """Keys and values of its self-attention, and of its attention to the memory."""
        return self.layers.setdefault(layer, ([], []))

    @property
    def length(self) -> int:
        """How many symbols have been read."""
        own, _ = self.of(0)
        return own[0].shape[2] if own else 0

    def select(self, rows: Shaped[Tensor, " n"]) -> None:
        """Keep these sequences of the batch, in this order; one may come twice."""
        for pasts in self.layers.values():
            for past in pasts:
                past[:] = [numbers[rows] for numbers in past]


class Blocks(nn.Module):
    """What encoder and decoder share: symbols, positions, layers and a last norm."""

    def __init__(self, config: Config, symbols: int, layer: type[EncoderLayer]) -> None:
        super().__init__()
        self.config = c = config
        self.embedding = nn.Embedding(symbols, c.width) if symbols else None
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=c.width**-0.5)
        if c.positions == "learned":
            self.positions = nn.Parameter(torch.randn(c.length, c.width))
        elif c.positions == "sinusoidal":
            codes = sinusoidal(c.length, c.width)
            self.register_buffer("positions", codes, persistent=False)
        self.dropout = nn.Dropout(c.dropout)
        options = {"dropout": c.dropout, "norm_first": c.norm_first}
        self.layers = nn.ModuleList(
            layer(c.width, c.heads, c.hidden, **options) for _ in range(c.layers)
        )
        self.norm = LayerNorm(c.width) if c.norm_first else nn.Identity()

    def enter(
        self, x: Shaped[Tensor, "*x"], first: int = 0
    ) -> tuple[Float[Tensor, "b t d"], dict]:
        """Vectors for x at positions from `first` on; how attention sees positions."""
        c = self.config
        require_positions(x, first, c.length)
        last = first + x.shape[1]
        if self.embedding is not None:
            require_ids(x, self.embedding.num_embeddings)
            x = self.embedding(x) * c.width**0.5  # (b, t, width), of variance 1
        require_input(x, c.width, batch_first=True)
        if c.positions in ("sinusoidal", "learned"):
            x = x + self.positions[first:last]
        look = {}
        if c.positions == "rotary":
            steps = torch.arange(first, last, device=x.device)
            look["rotate"] = partial(rotary, positions=steps)
        if c.positions == "alibi":
            look["bias"] = alibi(c.heads, x.shape[1], last).to(x)
        return self.dropout(x), look


class Encoder(Blocks):
    """Symbols, or vectors, to a vector for each position that has looked at the others.

    With `causal=True` it reads as a decoder without a memory does: a language model.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config, config.symbols, EncoderLayer)

    def forward(
        self,
        x: Shaped[Tensor, "*x"],
        lengths: Tensor | Sequence[int] | None = None,
        *,
        causal: bool = False,
        mask: Tensor | None = None,
    ) -> Float[Tensor, "b s d"]:
        """Vectors (b, s, width); beyond a sequence's length they mean nothing.

        Args:
            x: ids (b, s), or vectors (b, s, width) where the config has no symbols.
            lengths: how many positions of each sequence count; without it, all.
            causal: whether each position looks only at itself and at earlier ones.
            mask: (s, s) or (b, s, s): where a position may look besides; together
                with the two others, each position that counts must see one or more.

        Raises:
            TypeError: ids or lengths that are no whole numbers, a mask of no booleans.
            ValueError: an id that is no symbol, an empty source, more positions than
                the config has, a mask that lets a position look nowhere.
        """
        x, look = self.enter(x)
        b, s, _ = x.shape
        if mask is not None:
            require_mask(mask, s, s, (b,))
        before = causal_mask(s, device=x.device) if causal else None
        real = source_mask(lengths, x)  # (b, 1, s)
        joined = join_masks(mask, join_masks(before, real))
        if mask is not None:  # padding may look nowhere: nothing looks at it
            require_visible(joined if real is None else joined | ~real.mT)
        for layer in self.layers:
            x = layer(x, joined, **look)
        return self.norm(x)


class Decoder(Blocks):
    """Scores for the next symbol, from the symbols before and the encoder's memory."""

    def __init__(self, config: Config) -> None:
        symbols = config.targets or config.symbols
        if not symbols:
            raise ValueError(
                "targets = 0 with symbols = 0: a decoder writes symbols; accepted are "
                "targets of 1 or more."
            )
        super().__init__(config, symbols, DecoderLayer)
        self.head = None  # tied: the embedding scores
        if not config.tie:
            self.head = nn.Parameter(torch.empty(symbols, config.width))
            nn.init.normal_(self.head, std=config.width**-0.5)

    def forward(
        self,
        ids: Shaped[Tensor, "*t"],
        memory: Float[Tensor, "*m"],
        lengths: Tensor | Sequence[int] | None = None,
        *,
        cache: Cache | None = None,
        causal: bool = True,
        weights: bool = False,
    ) -> Float[Tensor, "b t targets"] | tuple[Tensor, list[Tensor]]:
        """Scores (b, t, targets); at each position those of the symbol that follows.

        In training and in evaluation mode no position sees a later one.

        Args:
            ids: symbols (b, t); with a cache, those that are new since the last call.
            memory: what the encoder made of the source, (b, s, width).
            lengths: of the source, as the encoder got them.
            causal: False shows each position what it is to predict: a fault to study.
            weights: also return where in the memory each position looked, a tensor
                (b, heads, t, s) for each layer.

        Raises:
            TypeError: ids or lengths that are no whole numbers.
            ValueError: an id that is no symbol, no symbol, more positions than the
                config has, a length that is not 1 to s.
        """
        first = 0 if cache is None else cache.length
        y, look = self.enter(ids, first)
        t = y.shape[1]
        mask = causal_mask(t, first + t, y.device) if causal else None
        options = {
            "memory_mask": source_mask(lengths, memory),
            "weights": weights,
            **look,
        }
        found = []
        for n, layer in enumerate(self.layers):
            past = (None, None) if cache is None else cache.of(n)
            y = layer(y, memory, mask, past=past, **options)
            if weights:
                y, shares = y
                found.append(shares)
        table = self.embedding.weight if self.head is None else self.head
        logits = F.linear(self.norm(y), table)  # (b, t, targets)
        return (logits, found) if weights else logits


class EncoderDecoder(nn.Module):
    """Reads a source, and scores each symbol of a target from those before it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)

    def forward(
        self,
        source: Shaped[Tensor, "*s"],
        target: Shaped[Tensor, "*t"],
        lengths: Tensor | Sequence[int] | None = None,
    ) -> Float[Tensor, "b t targets"]:
        """Scores (b, t, targets) of what follows each symbol of the target (b, t).

        `lengths` says how many symbols of each source (b, s) count; errors are those
        of `Encoder` and `Decoder`.
        """
        return self.decoder(target, self.encoder(source, lengths), lengths)


def source_mask(
    lengths: Tensor | Sequence[int] | None, x: Float[Tensor, "b s d"]
) -> Bool[Tensor, "b 1 s"] | None:
    """Which positions of x each sequence fills: nothing looks beyond (eq-padding).

    Raises:
        TypeError: lengths that are no whole numbers.
        ValueError: not one length a sequence, or a length that is not 1 to s.
    """
    if lengths is None:
        return None
    counts = torch.as_tensor(lengths, device=x.device)
    require_sources(counts, x.shape[1], len(x))
    return padding_mask(counts, x.shape[1])[:, None]


def join_masks(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    """Where both masks let a query look; None is a mask that lets it look anywhere."""
    if a is None or b is None:
        return b if a is None else a
    return a & b
