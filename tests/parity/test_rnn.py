"""The recurrent model: against the book's layers, each sequence alone, and what its recurrent weights do."""

import pytest
import torch
from torch import Generator, nn

from dlbook import layers
from dlbook.models.rnn import CELLS, Config, Recurrent, raise_forget_bias

B, T, D = 4, 6, 3
LENGTHS = torch.tensor([2, 6, 1, 5])
LAYERS = {"rnn": layers.RNN, "lstm": layers.LSTM, "gru": layers.GRU}


def made(seed=0, **settings):
    """A model in float64, in evaluation mode."""
    torch.manual_seed(seed)
    return Recurrent(Config(D, 5, 2, **settings)).double().eval()


def series(seed=1, batch=B, steps=T):
    return torch.randn(steps, batch, D, generator=Generator().manual_seed(seed), dtype=torch.float64).transpose(0, 1)


def by_layers(model, x, lengths=None):
    """The same net, of the book's layers."""
    c = model.config
    if c.symbols:
        table = layers.Embedding(c.symbols, c.inputs).double()
        table.load_state_dict(model.embedding.state_dict())
        x = table(x)
    unrolled = LAYERS[c.cell](c.inputs, c.hidden, c.layers, bidirectional=c.bidirectional, batch_first=True).double()
    unrolled.load_state_dict(model.recurrent.state_dict())
    head = layers.Linear(c.hidden * (1 + c.bidirectional), c.outputs).double()
    head.load_state_dict(model.head.state_dict())
    output, state = unrolled(x, lengths=lengths)
    h = state[0] if c.cell == "lstm" else state
    last = torch.cat([h[-2], h[-1]], 1) if c.bidirectional else h[-1]
    return head(output if c.per_step else last)


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("symbols", [0, 7])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_equals_the_books_layers(cell, depth, bidirectional, symbols, per_step):
    model = made(cell=cell, layers=depth, bidirectional=bidirectional, symbols=symbols, per_step=per_step)
    x = torch.randint(0, symbols, (T, B), generator=Generator().manual_seed(2)).T if symbols else series()
    for lengths in (None, LENGTHS, LENGTHS - (LENGTHS == T).long()):  # the last: no sequence fills all steps
        result = model(x, lengths)
        torch.testing.assert_close(result, by_layers(model, x, lengths), rtol=1e-11, atol=1e-13)
        assert result.shape == ((B, T, 2) if per_step else (B, 2))


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_lengths_equal_each_sequence_alone(cell, bidirectional, per_step):
    model, x = made(cell=cell, layers=2, bidirectional=bidirectional, per_step=per_step), series()
    together = model(x, LENGTHS.tolist())
    for n, length in enumerate(LENGTHS):
        alone = model(x[n : n + 1, :length])[0]
        torch.testing.assert_close(together[n, :length] if per_step else together[n], alone, rtol=1e-11, atol=1e-13)
    if per_step:
        past = torch.arange(T) >= LENGTHS[:, None]
        torch.testing.assert_close(together[past], model.head.bias.expand_as(together[past]))


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_weights_are_used_by_more_than_one_step(cell):
    model = made(cell=cell)
    long, short = series(), series(steps=1)
    before = model(long), model(short)
    for name, parameter in model.recurrent.named_parameters():
        if name.startswith("weight_hh"):
            nn.init.normal_(parameter)
    assert (model(long) - before[0]).abs().max() > 0.01
    assert torch.equal(model(short), before[1])  # from zeros, one step multiplies them by nothing


@pytest.mark.parametrize("depth", [1, 2])
def test_dropout_only_in_training(depth):
    model, x = made(layers=depth, dropout=0.5), series()
    assert torch.equal(model(x), model(x))
    assert model.recurrent.dropout == (0.5 if depth > 1 else 0)
    seen = []
    model.dropout.register_forward_hook(lambda module, given, result: seen.append(given[0]))
    model.train()
    assert not torch.equal(model(x), model(x))
    assert seen[0].shape == (B, 5)


def test_forget_bias():
    torch.manual_seed(3)
    plain = Recurrent(Config(D, 5, layers=2, bidirectional=True))
    torch.manual_seed(3)
    raised = Recurrent(Config(D, 5, layers=2, bidirectional=True, forget_bias=2.0))
    parameters = zip(plain.named_parameters(), raised.named_parameters(), strict=True)
    moved = 0
    for (name, a), (_, b) in parameters:
        expected = torch.zeros_like(a)
        if ".bias_ih" in name:
            expected[5:10] = 2.0  # i, f, g, o: the second of the blocks of 5
            moved += 1
        torch.testing.assert_close(b - a, expected)
        assert b.requires_grad
    assert moved == 4
    raise_forget_bias(raised.recurrent, -2.0)
    torch.testing.assert_close(raised.state_dict(), plain.state_dict())


def test_it_learns_an_order():
    """Which of two marks came first: nothing to be read off the last step, or off the set of steps."""
    generator = Generator().manual_seed(0)
    y = torch.randint(0, 2, (256,), generator=generator)
    x = torch.randint(0, 2, (256, 8), generator=generator)
    x[:, 1], x[:, 5] = 2 + y, 3 - y
    torch.manual_seed(0)
    model = Recurrent(Config(4, 16, 2, "gru", symbols=4))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(60):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
