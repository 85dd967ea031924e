"""What recurrent functions, layers and models refuse, and in which words."""

import pytest
import torch

from dlbook import layers
from dlbook.functional import recurrent as R
from dlbook.functional.sequences import require_blocks, require_pair, require_square
from dlbook.models import rnn as rnn_model

T, B, D, H = 5, 3, 2, 4
X, ZEROS = torch.zeros(T, B, D), torch.zeros(B, H)
WEIGHTS = [torch.zeros(H, D), torch.zeros(H, H)]
FOUR = [torch.zeros(4 * H, D), torch.zeros(4 * H, H)]


def rnn(x=X, state=ZEROS, **options):
    return R.unroll(R.rnn_cell, x, state, WEIGHTS, **options)


def lstm(state):
    return R.unroll(R.lstm_cell, X, state, FOUR)


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (ValueError, lambda: rnn(lengths=[5, 0, 3]), "lengths from 0 to 5: accepted for 5 steps are 1 to 5."),
        (ValueError, lambda: rnn(lengths=torch.tensor([5, -1, 3])), "lengths from -1 to 5: accepted for 5 steps are"),
        (ValueError, lambda: rnn(lengths=torch.tensor([6, 1, 3])), "lengths from 1 to 6: accepted for 5 steps are 1"),
        (ValueError, lambda: rnn(lengths=[5, 3]), "lengths (2,): accepted for 3 sequences is one length each, (3,)."),
        (ValueError, lambda: rnn(lengths=torch.ones(3, 1).long()), "lengths (3, 1): accepted for 3 sequences is one"),
        (TypeError, lambda: rnn(lengths=torch.ones(3)), "lengths of dtype torch.float32: accepted are whole numbers"),
        (TypeError, lambda: rnn(lengths=torch.ones(3).bool()), "lengths of dtype torch.bool: accepted are whole"),
        (ValueError, lambda: rnn(X[0]), "x (3, 2): accepted is (steps, batch, 2), with a step or more."),
        (ValueError, lambda: rnn(X[None]), "x (1, 5, 3, 2): accepted is (steps, batch, 2), with a step or more."),
        (ValueError, lambda: rnn(X[:0]), "x (0, 3, 2): accepted is (steps, batch, 2), with a step or more."),
        (ValueError, lambda: rnn(X[..., :1]), "x (5, 3, 1): accepted is (steps, batch, 2), with a step or more."),
        (ValueError, lambda: rnn(state=ZEROS[:1]), "state (1, 4): accepted is a tensor (3, 4)."),
        (ValueError, lambda: rnn(state=ZEROS[:, 1:]), "state (3, 3): accepted is a tensor (3, 4)."),
        (ValueError, lambda: rnn(state=ZEROS[None]), "state (1, 3, 4): accepted is a tensor (3, 4)."),
        (ValueError, lambda: lstm((ZEROS, ZEROS[1:])), "state (3, 4), (2, 4): accepted is a pair (h, c), each (3, 4)."),
        (ValueError, lambda: lstm(ZEROS), "state (3, 4): accepted is a pair (h, c)."),
        (  # two rows would unpack as a pair
            ValueError,
            lambda: R.lstm_cell(X[0, :2], ZEROS[:2], *FOUR),
            "state (2, 4): accepted is a pair (h, c).",
        ),
        (  # blocks of one row would broadcast over the units
            ValueError,
            lambda: require_blocks(torch.zeros(4, H), ZEROS, 4),
            "w_hh (4, 4): accepted for a state of 4 units are 16 rows.",
        ),
        (
            ValueError,
            lambda: R.lstm_cell(X[0], (ZEROS, ZEROS), torch.zeros(4, D), torch.zeros(4, H)),
            "w_hh (4, 4): accepted for a state of 4 units are 16 rows.",
        ),
        (
            ValueError,
            lambda: rnn_model.raise_forget_bias(torch.nn.GRU(D, H), 1.0),
            "lstm is of mode GRU: accepted is an nn.LSTM.",
        ),
        (
            ValueError,
            lambda: rnn_model.raise_forget_bias(torch.nn.RNN(D, H), 1.0),
            "lstm is of mode RNN_TANH: accepted is an nn.LSTM.",
        ),
        (ValueError, lambda: require_pair([ZEROS] * 3), "state of 3: accepted is a pair (h, c)."),
        (
            ValueError,
            lambda: R.unroll(R.rnn_cell, X, ZEROS, [torch.zeros(H + 1, D), torch.zeros(H, H)]),
            "weights (5, 2), (4, 4): accepted are w_ih and w_hh, with as many rows each.",
        ),
        (ValueError, lambda: R.unroll(R.rnn_cell, X, ZEROS, WEIGHTS[:1]), "weights (4, 2): accepted are w_ih and"),
        (ValueError, lambda: R.unroll(R.rnn_cell, X, ZEROS, []), "weights none: accepted are w_ih and w_hh, with"),
        (ValueError, lambda: require_square(torch.zeros(2, 3)), "w (2, 3): accepted is a square matrix, (h, h)."),
        (ValueError, lambda: require_square(torch.zeros(4, 3, 3)), "w (4, 3, 3): accepted is a square matrix"),
        (ValueError, lambda: R.spectral_radius(torch.zeros(0, 0)), "w (0, 0): accepted is a square matrix, (h, h)."),
        (ValueError, lambda: R.spectral_radius(torch.full((2, 2), torch.nan)), "w holds nan or infinity: accepted"),
        (ValueError, lambda: R.spectral_radius(torch.full((1, 1), torch.inf)), "w holds nan or infinity: accepted"),
        (TypeError, lambda: R.embedding(torch.tensor([0.0, 1.0]), FOUR[0]), "ids of dtype torch.float32: accepted are"),
        (TypeError, lambda: R.embedding(torch.tensor([True]), FOUR[0]), "ids of dtype torch.bool: accepted are whole"),
        (
            ValueError,
            lambda: R.embedding(torch.tensor([0, 16]), FOUR[0]),
            "ids from 0 to 16: accepted for a table of 16 rows are 0 to 15.",
        ),
        (ValueError, lambda: R.embedding(torch.tensor([-1, 3]), FOUR[0]), "ids from -1 to 3: accepted for a table of"),
        (
            ValueError,
            lambda: R.gru_cell(X[0], ZEROS, torch.zeros(12, D), torch.zeros(12, H), reset="never"),
            "reset = 'never': accepted are after and before.",
        ),
    ],
)
def test_functions_refuse(error, call, words):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("kind", [layers.RNN, layers.LSTM, layers.GRU])
@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((0, 4), {}, "inputs = 0, hidden = 4, layers = 1: accepted are 1 or more."),
        ((2, 0), {}, "inputs = 2, hidden = 0, layers = 1: accepted are 1 or more."),
        ((2, 4, 0), {}, "inputs = 2, hidden = 4, layers = 0: accepted are 1 or more."),
        ((2, 4, 2), {"dropout": 1.0}, "p = 1.0: accepted is 0 <= p < 1."),
        ((2, 4), {"dropout": 0.5}, "dropout = 0.5 with layers = 1: it acts between layers; accepted is 0, or more"),
    ],
)
def test_layers_refuse(kind, arguments, options, words):
    with pytest.raises(ValueError, match="accepted") as caught:
        kind(*arguments, **options)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: layers.GRU(D, H)(X[:, 0]), "x (5, 2): accepted is (steps, batch, 2), with a step or more."),
        (
            lambda: layers.GRU(D, H, batch_first=True)(X[:, 0]),
            "x (5, 2): accepted is (batch, steps, 2), with a step or more.",
        ),
        (lambda: layers.GRU(D + 1, H)(X), "x (5, 3, 2): accepted is (steps, batch, 3), with a step or more."),
        (lambda: layers.GRU(D, H, batch_first=True)(X[:, :0]), "x (5, 0, 2): accepted is (batch, steps, 2), with"),
        (lambda: layers.GRU(D, H)(X, ZEROS), "state (3, 4): accepted is a tensor (1, 3, 4)."),
        (lambda: layers.RNN(D, H, 2)(X, ZEROS[None]), "state (1, 3, 4): accepted is a tensor (2, 3, 4)."),
        (
            lambda: layers.GRU(D, H, bidirectional=True, batch_first=True)(X.transpose(0, 1), torch.zeros(3, 2, 4)),
            "state (3, 2, 4): accepted is a tensor (2, 3, 4).",
        ),
        (
            lambda: layers.GRU(D, H)(X, (ZEROS[None], ZEROS[None])),
            "state (1, 3, 4), (1, 3, 4): accepted is a tensor (1, 3, 4).",
        ),
        (lambda: layers.GRU(D, H)(X, [ZEROS[None]]), "state (1, 3, 4): accepted is a tensor (1, 3, 4)."),
        (
            lambda: layers.LSTM(D, H)(X, ZEROS[None]),
            "state (1, 3, 4): accepted is a pair (h, c), each (1, 3, 4).",
        ),
        (lambda: layers.LSTM(D, H)(X, lengths=[5, 0, 3]), "lengths from 0 to 5: accepted for 5 steps are 1 to 5."),
        (
            lambda: layers.LSTM(D, H, batch_first=True)(X, lengths=[3] * 4),
            "lengths (4,): accepted for 5 sequences is one length each, (5,).",
        ),
        (lambda: layers.Embedding(0, 3), "n = 0, d = 3: accepted are 1 or more."),
        (lambda: layers.Embedding(3, 0), "n = 3, d = 0: accepted are 1 or more."),
        (lambda: layers.Embedding(3, 2)(torch.tensor([3])), "ids from 3 to 3: accepted for a table of 3 rows are 0"),
    ],
)
def test_what_layers_are_given(call, words):
    with pytest.raises(ValueError, match="accepted") as caught:
        call()
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"inputs": 0}, "inputs = 0: accepted is 1 or more."),
        ({"hidden": 0}, "hidden = 0: accepted is 1 or more."),
        ({"outputs": -1}, "outputs = -1: accepted is 1 or more."),
        ({"layers": 0}, "layers = 0: accepted is 1 or more."),
        ({"symbols": -1}, "symbols = -1: accepted is 0 or more."),
        ({"cell": "LSTM"}, "cell = 'LSTM': accepted is one of rnn, lstm, gru."),
        ({"dropout": 1.0}, "dropout = 1.0: accepted is 0 <= dropout < 1."),
        ({"forget_bias": 1.0, "cell": "gru"}, "forget_bias = 1.0 with cell = 'gru': only an lstm has a forget gate;"),
    ],
)
def test_the_models_settings(arguments, words):
    with pytest.raises(ValueError, match="accepted") as caught:
        rnn_model.Config(**{"inputs": 3, **arguments})
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(("name", "value"), [("hidden", 4.5), ("layers", True), ("outputs", "2")])
def test_the_models_sizes_are_whole_numbers(name, value):
    with pytest.raises(TypeError, match=name):
        rnn_model.Config(**{"inputs": 3, name: value})


@pytest.mark.parametrize(
    ("error", "symbols", "x", "lengths", "words"),
    [
        (ValueError, 0, X[0], None, "x (3, 2): accepted is (batch, steps, 2), with a step or more."),
        (ValueError, 0, X[:, :0], None, "x (5, 0, 2): accepted is (batch, steps, 2), with a step or more."),
        (ValueError, 0, torch.zeros(3, 5, 1), None, "x (3, 5, 1): accepted is (batch, steps, 2), with a step or more."),
        (ValueError, 0, X, [3, 3, 0, 3, 3], "lengths from 0 to 3: accepted for 3 steps are 1 to 3."),
        (ValueError, 0, X, [3, 3, 4, 3, 3], "lengths from 3 to 4: accepted for 3 steps are 1 to 3."),
        (ValueError, 0, X, [3, 3], "lengths (2,): accepted for 5 sequences is one length each, (5,)."),
        (TypeError, 0, X, torch.ones(5), "lengths of dtype torch.float32: accepted are whole numbers"),
        (TypeError, 4, X[..., 0], None, "ids of dtype torch.float32: accepted are whole numbers"),
        (ValueError, 4, torch.full((2, 3), 4), None, "ids from 4 to 4: accepted for a table of 4 rows are 0 to 3."),
        (ValueError, 4, torch.tensor([1, 2]), None, "x (2, 2): accepted is (batch, steps, 2), with a step or more."),
    ],
)
def test_what_the_model_is_given(error, symbols, x, lengths, words):
    model = rnn_model.Recurrent(rnn_model.Config(2, 4, symbols=symbols))
    with pytest.raises(error) as caught:
        model(x, lengths)
    assert str(caught.value).startswith(words)
