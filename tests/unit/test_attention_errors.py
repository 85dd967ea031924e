"""What attention, its layers, the Transformer and decoding refuse, and in which words."""

import pytest
import torch

from dlbook import layers
from dlbook.decoding import beam_search, greedy
from dlbook.functional import attention as A
from dlbook.functional.masks import require_mask, require_visible
from dlbook.models.transformer import Cache, Config, Decoder, Encoder, EncoderDecoder

B, T, S, D, H = 2, 5, 7, 4, 2
Q, K, V = torch.zeros(B, T, D), torch.zeros(B, S, D), torch.zeros(B, S, 6)
MASK = torch.ones(T, S).bool()
ATTENTION = layers.MultiHeadAttention(D, H)
MODEL = EncoderDecoder(Config(9, width=D, heads=H, hidden=3, layers=1, length=8, targets=6))
SOURCE, TARGET = torch.zeros(B, S).long(), torch.zeros(B, T).long()
MEMORY = MODEL.encoder(SOURCE)


def config(**changes):
    return Config(**{"symbols": 9, "width": 12, "heads": 3, **changes})


def after(read, new):
    """Scores after a cache that has read so many symbols."""
    cache = Cache()
    MODEL.decoder(SOURCE[:, :1].expand(B, read), MEMORY, cache=cache)
    return MODEL.decoder(torch.zeros(B, new).long(), MEMORY, cache=cache)


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        # a mask of the wrong meaning
        (TypeError, lambda: A.attention(Q, K, V, MASK.float()), "mask of dtype torch.float32: accepted is torch.bool,"),
        (
            TypeError,
            lambda: ATTENTION(Q, K, K, MASK.float()),
            "mask of dtype torch.float32: accepted is torch.bool, Tr",
        ),
        (
            TypeError,
            lambda: ATTENTION(Q, mask=torch.ones(T, T).long()),
            "where a query may look; numbers to add to the",
        ),
        (TypeError, lambda: MODEL.encoder(SOURCE, mask=torch.zeros(S, S)), "mask of dtype torch.float32: accepted is"),
        (
            ValueError,
            lambda: require_visible(torch.tensor([[True, False], [False, False]])),
            "mask[1] is False throughout: accepted is True wherever a query may look, once a row or more, "
            "also together with causal and lengths "
            "(nn.MultiheadAttention means the opposite: give ~mask).",
        ),
        (ValueError, lambda: MODEL.encoder(SOURCE, mask=~A.causal_mask(S)), "mask[6] is False throughout: accepted is"),
        (
            ValueError,
            lambda: MODEL.encoder(SOURCE, mask=~A.padding_mask([4, 7], S)[:, None]),
            "mask[1, 0] is False thr",
        ),
        # a mask of the wrong shape
        (
            ValueError,
            lambda: A.attention(Q, K, V, MASK.T),
            "mask (7, 5): accepted is what broadcasts to (queries, keys)",
        ),
        (
            ValueError,
            lambda: A.attention(Q, K, V, A.padding_mask([3, 7], S)),
            "mask (2, 7): accepted is what broadcasts to (queries, keys) = (5, 7) after the batch (2,).",
        ),
        (
            ValueError,
            lambda: ATTENTION(Q, mask=A.padding_mask([3, 5], T)),
            "mask (2, 5): accepted is what broadcasts to",
        ),
        (
            ValueError,
            lambda: ATTENTION(Q, K, K, MASK.expand(3, T, S)),
            "(queries, keys) = (5, 7) after the batch (2, 2)",
        ),
        (
            ValueError,
            lambda: MODEL.encoder(SOURCE, mask=MASK),
            "mask (5, 7): accepted is what broadcasts to (queries, k",
        ),
        (
            ValueError,
            lambda: require_mask(MASK, S, T),
            "mask (5, 7): accepted is what broadcasts to (queries, keys) = (",
        ),
        (
            ValueError,
            lambda: require_mask(MASK[None], T, S),
            "mask (1, 5, 7): accepted is what broadcasts to (queries, ",
        ),
        # heads and widths
        (
            ValueError,
            lambda: layers.MultiHeadAttention(10, 4),
            "width = 10 with heads = 4: accepted is a width that the",
        ),
        (
            ValueError,
            lambda: A.split_heads(torch.zeros(1, 2, 10), 4),
            "width = 10 with heads = 4: accepted is a width t",
        ),
        (ValueError, lambda: layers.EncoderLayer(10, 4, 7), "width = 10 with heads = 4: accepted is a width that the"),
        (
            ValueError,
            lambda: config(heads=5),
            "width = 12 with heads = 5: accepted is a width that the heads divide, b",
        ),
        (ValueError, lambda: layers.MultiHeadAttention(4, 0), "width = 4 with heads = 0: accepted is a width that the"),
        (ValueError, lambda: layers.DecoderLayer(4, 2, 0), "hidden = 0: accepted is 1 or more."),
        (ValueError, lambda: layers.LayerNorm(0), "width = 0: accepted is 1 or more."),
        (ValueError, lambda: layers.EncoderLayer(4, 2, 3, dropout=1.0), "dropout = 1.0: accepted is 0 <= dropout < 1."),
        (ValueError, lambda: A.sinusoidal(3, 5), "width = 5: accepted are even numbers, a pair for each frequency."),
        (ValueError, lambda: A.shift_matrix(3, 5), "width = 5: accepted are even numbers, a pair for each frequency."),
        (ValueError, lambda: A.rotary(torch.zeros(2, 3)), "width = 3: accepted are even numbers, a pair for each"),
        (ValueError, lambda: A.alibi(0, 2), "width = 0 with heads = 0: accepted"),
        (
            ValueError,
            lambda: A.causal_mask(3, 2),
            "t = 3 queries, s = 2 positions: accepted are 1 to s queries, the la",
        ),
        (
            ValueError,
            lambda: A.causal_mask(0),
            "t = 0 queries, s = 0 positions: accepted are 1 to s queries, the last o",
        ),
        (
            ValueError,
            lambda: A.alibi(2, 3, 2),
            "t = 3 queries, s = 2 positions: accepted are 1 to s queries, the last o",
        ),
        # an empty source
        (
            ValueError,
            lambda: A.attention(Q, K[:, :0], V[:, :0]),
            "k (2, 0, 4): an empty source; accepted is a key or mo",
        ),
        (
            ValueError,
            lambda: A.padding_mask([3, 0], 7),
            "lengths[1] = 0: an empty source; accepted for 7 positions are",
        ),
        (
            ValueError,
            lambda: MODEL(SOURCE, TARGET, [0, 7]),
            "lengths[0] = 0: an empty source; accepted for 7 positions",
        ),
        (
            ValueError,
            lambda: MODEL(SOURCE[:, :0], TARGET),
            "x (2, 0): accepted is (batch, positions), with a position o",
        ),
        (ValueError, lambda: MODEL(SOURCE, TARGET[:, :0]), "more; an empty source has none."),
        (ValueError, lambda: MODEL(SOURCE[0], TARGET[0]), "x (7,): accepted is (batch, positions), with a position or"),
        (ValueError, lambda: greedy(MODEL, SOURCE, [7, 0], start=1, end=2, most=3), "lengths[1] = 0: an empty source"),
        # lengths
        (ValueError, lambda: A.padding_mask([3, 8], 7), "lengths from 3 to 8: accepted for 7 steps are 1 to 7."),
        (ValueError, lambda: A.padding_mask([3, -1], 7), "lengths from -1 to 3: accepted for 7 steps are 1 to 7."),
        (
            TypeError,
            lambda: A.padding_mask(torch.tensor([0.5]), 7),
            "lengths of dtype torch.float32: accepted are whole",
        ),
        (
            ValueError,
            lambda: A.padding_mask(torch.tensor(3), 7),
            "lengths (): accepted for 1 sequences is one length ea",
        ),
        (ValueError, lambda: MODEL(SOURCE, TARGET, [3]), "lengths (1,): accepted for 2 sequences is one length each,"),
        # more positions than the config has
        (
            ValueError,
            lambda: MODEL.encoder(torch.zeros(1, 9).long()),
            "positions = 9: accepted are 8 at most, the length",
        ),
        (
            ValueError,
            lambda: MODEL(SOURCE, torch.zeros(B, 9).long()),
            "positions = 9: accepted are 8 at most, the length",
        ),
        (ValueError, lambda: after(6, 3), "positions = 9: accepted are 8 at most, the length of the Config."),
        # an unknown symbol
        (ValueError, lambda: MODEL(SOURCE + 9, TARGET), "ids from 9 to 9: accepted for a table of 9 rows are 0 to 8."),
        (ValueError, lambda: MODEL(SOURCE, TARGET - 1), "ids from -1 to -1: accepted for a table of 6 rows are 0 to 5"),
        (TypeError, lambda: MODEL(SOURCE.float(), TARGET), "ids of dtype torch.float32: accepted are whole numbers"),
        # shapes that do not fit
        (ValueError, lambda: ATTENTION(Q[0]), "x (5, 4): accepted is (batch, steps, 4), with a step or more."),
        (ValueError, lambda: ATTENTION(Q, K[..., :3]), "x (2, 7, 3): accepted is (batch, steps, 4), with a step or m"),
        (
            ValueError,
            lambda: ATTENTION(Q, K[:, :0]),
            "x (2, 0, 4): accepted is (batch, steps, 4), with a step or more.",
        ),
        (
            ValueError,
            lambda: ATTENTION(Q, K[:1]),
            "query (2, 5), key (1, 7), value (1, 7): accepted are (batch, queries), and twice",
        ),
        (
            ValueError,
            lambda: MODEL.decoder(TARGET, MEMORY[:1]),
            "query (2, 5), key (1, 7), value (1, 7): accepted",
        ),
        (
            ValueError,
            lambda: ATTENTION(Q, K, K[:, :6]),
            "query (2, 5), key (2, 7), value (2, 6): accepted are (batch, q",
        ),
        (ValueError, lambda: ATTENTION(Q, value=K), "value without a key: accepted are both, or none."),
        (
            ValueError,
            lambda: Encoder(config(symbols=0))(Q[0]),
            "x (5, 4): accepted is (batch, steps, 12), with a step",
        ),
        # the config
        (TypeError, lambda: config(layers=True), "layers = True: accepted are whole numbers."),
        (ValueError, lambda: config(layers=0), "layers = 0: accepted is 1 or more."),
        (ValueError, lambda: config(symbols=-1), "symbols = -1: accepted is 0 or more."),
        (ValueError, lambda: config(dropout=-0.1), "dropout = -0.1: accepted is 0 <= dropout < 1."),
        (
            ValueError,
            lambda: config(positions="sine"),
            "positions = 'sine': accepted is one of sinusoidal, learned, rot",
        ),
        (ValueError, lambda: config(width=9), "width = 9: accepted are even numbers, a pair for each frequency."),
        (
            ValueError,
            lambda: config(width=9, positions="rotary"),
            "width = 3: accepted are even numbers, a pair for each",
        ),
        (
            ValueError,
            lambda: Decoder(config(symbols=0)),
            "targets = 0 with symbols = 0: a decoder writes symbols; accep",
        ),
        # decoding
        (ValueError, lambda: greedy(MODEL, SOURCE, start=1, end=2, most=0), "most = 0: accepted is 1 symbol or more."),
        (
            ValueError,
            lambda: beam_search(MODEL, SOURCE, start=1, end=2, most=0),
            "most = 0: accepted is 1 symbol or more.",
        ),
        (
            ValueError,
            lambda: beam_search(MODEL, SOURCE, start=1, end=2, most=3, beams=0),
            "beams = 0: accepted is 1 or",
        ),
    ],
)
def test_refused(error, call, words):
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error  # no type checker of the tests, which readers do not have
    text = str(caught.value)
    assert words in text
    assert text.endswith(".")
    assert "\n" not in text


def test_masks_that_fit_are_let_through():
    for shape in [(T, S), (1, S), (T, 1), (S,), (1, 1, S), (B, T, S), (B, 1, 1)]:
        require_mask(torch.ones(shape).bool(), T, S, (B,))
    require_visible(A.causal_mask(T, S))
    require_visible(torch.ones(0, 3).bool())
