"""Recurrent cells, their unrolling and the layers against torch's, in float64: values and every gradient."""

from functools import partial

import pytest
import torch
from torch import Generator, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from dlbook import layers
from dlbook.functional import recurrent as R
from dlbook.runtime import seed_everything

D, H, B, T = 3, 4, 5, 7
CELLS = {
    "rnn": (R.rnn_cell, nn.RNNCell, layers.RNN, nn.RNN),
    "lstm": (R.lstm_cell, nn.LSTMCell, layers.LSTM, nn.LSTM),
    "gru": (R.gru_cell, nn.GRUCell, layers.GRU, nn.GRU),
}
LENGTHS = torch.tensor([3, 7, 1, 5, 5])  # unsorted, two equal, one of all steps


def normal(seed, *shape):
    """Numbers in float64, not contiguous where that can be."""
    x = torch.randn(shape[::-1], generator=Generator().manual_seed(seed), dtype=torch.float64)
    return x.permute(*range(len(shape))[::-1])


def flat(results):
    """The tensors in nested tuples, in order."""
    if isinstance(results, torch.Tensor):
        return [results]
    return [tensor for part in results for tensor in flat(part)]


def same(ours, theirs, *inputs, weights=((), ())):
    """Values agree, and the vector-Jacobian products by every input and every weight of the two."""
    results = []
    for call, extra in zip((ours, theirs), weights, strict=True):
        leaves = [x.clone().requires_grad_() for x in inputs]
        values = flat(call(*leaves))
        by = [torch.linspace(-1, 2, v.numel(), dtype=v.dtype).reshape(v.shape) for v in values]
        results.append([*values, *torch.autograd.grad(values, [*leaves, *extra], by)])
    assert len(results[0]) == len(results[1])
    for mine, its in zip(*results, strict=True):
        assert mine.dtype == its.dtype
        torch.testing.assert_close(mine, its, rtol=1e-11, atol=1e-13)


def pair(kind, seed, *sizes, **options):
    """Our layers and torch's, with the same numbers, spread wide enough that gates open and close."""
    _, _, ours, theirs = CELLS[kind]
    its, mine = theirs(*sizes, **options).double(), ours(*sizes, **options).double()
    for n, (_, p) in enumerate(its.named_parameters()):
        p.data = normal(seed + n, *p.shape)
    mine.load_state_dict(its.state_dict())
    return mine, its


def start(kind, count, batch, seed):
    """Initial states for layers times directions."""
    return [normal(seed + n, count, batch, H) for n in range(2 if kind == "lstm" else 1)]


def packed(module, lengths, batch_first):
    """torch's layers on a packed sequence, padded again."""

    def call(x, state):
        steps = x.shape[1 if batch_first else 0]
        output, last = module(pack_padded_sequence(x, lengths, batch_first, enforce_sorted=False), state)
        return pad_packed_sequence(output, batch_first, total_length=steps)[0], last

    return call


def joined(call, kind):
    """The call with the parts of its state as arguments of their own."""
    return lambda x, *state: call(x, state if kind == "lstm" else state[0])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", CELLS)
def test_cells(kind, bias):
    ours, theirs, *_ = CELLS[kind]
    cell = theirs(D, H, bias=bias).double()
    for n, p in enumerate(cell.parameters()):
        p.data = normal(10 + n, *p.shape)
    weights = list(cell.parameters())
    state = start(kind, 1, B, 20)
    same(
        joined(lambda x, s: ours(x, s, *weights), kind),
        joined(cell, kind),
        normal(1, B, D),
        *[part[0] for part in state],
        weights=(weights, weights),
    )


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("kind", CELLS)
def test_layers(kind, depth, bidirectional, batch_first):
    mine, its = pair(kind, 30, D, H, depth, bidirectional=bidirectional, batch_first=batch_first)
    weights = list(mine.parameters()), list(its.parameters())
    x = normal(1, *((B, T, D) if batch_first else (T, B, D)))
    state = start(kind, depth * (1 + bidirectional), B, 20)
    same(joined(mine, kind), joined(its, kind), x, *state, weights=weights)
    same(mine, its, x, weights=weights)  # from zeros
    ours = joined(lambda x, s: mine(x, s, LENGTHS), kind)
    same(ours, joined(packed(its, LENGTHS, batch_first), kind), x, *state, weights=weights)


@pytest.mark.parametrize("kind", CELLS)
def test_names_order_and_start_are_torchs(kind):
    _, _, ours, theirs = CELLS[kind]
    for sizes, options in [((D, H), {}), ((D, H, 3), {"bidirectional": True, "dropout": 0.5})]:
        drawn = []
        for module in (ours, theirs):
            seed_everything(4)
            drawn.append(module(*sizes, **options).state_dict())
        assert list(drawn[0]) == list(drawn[1])
        assert all(torch.equal(drawn[0][name], drawn[1][name]) for name in drawn[1])
        theirs(*sizes, **options).load_state_dict(drawn[0])
        ours(*sizes, **options).load_state_dict(drawn[1])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", CELLS)
def test_lengths_equal_each_sequence_alone(kind, bidirectional):
    mine, _ = pair(kind, 40, D, H, 2, bidirectional=bidirectional)
    x, weights = normal(2, T, B, D), list(mine.parameters())
    state = start(kind, 2 * (1 + bidirectional), B, 20)

    def alone(x, state):
        outputs, lasts = [], []
        for n, length in enumerate(LENGTHS):
            cut = tuple(part[:, n : n + 1] for part in state) if kind == "lstm" else state[:, n : n + 1]
            y, last = mine(x[:length, n : n + 1], cut)
            outputs.append(torch.cat([y, y.new_zeros(T - length, *y.shape[1:])]))
            lasts.append(flat(last))
        return torch.cat(outputs, 1), [torch.cat(part, 1) for part in zip(*lasts, strict=True)]

    together = joined(lambda x, s: mine(x, s, lengths=LENGTHS.tolist()), kind)
    same(together, joined(alone, kind), x, *state, weights=(weights, weights))


@pytest.mark.parametrize("junk", [torch.nan, torch.inf, 1e300])
@pytest.mark.parametrize("kind", CELLS)
def test_padding_is_never_read(kind, junk):
    mine, _ = pair(kind, 50, D, H, 2, bidirectional=True)
    past = torch.arange(T + 2)[:, None] >= LENGTHS  # two steps more than the longest has
    x, weights = normal(3, T + 2, B, D), list(mine.parameters())

    def run(x, padding):
        return mine(x.masked_fill(past[..., None], padding), lengths=LENGTHS)

    same(lambda x: run(x, junk), lambda x: run(x, 0), x, weights=(weights, weights))
    output, _ = run(x, junk)
    assert not output[past].any()
    assert output[~past].all()
    torch.testing.assert_close(output[:T], run(x, 0)[0][:T])
    torch.testing.assert_close(output[:T], mine(x[:T], lengths=LENGTHS)[0])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", CELLS)
def test_unroll_is_the_loop(kind, reverse):
    cell, theirs, *_ = CELLS[kind]
    module = theirs(D, H).double()
    weights = list(module.parameters())

    def loop(x, state):
        outputs = [None] * len(x)
        for t in range(len(x))[:: -1 if reverse else 1]:
            state = module(x[t], state)
            outputs[t] = state[0] if kind == "lstm" else state
        return torch.stack(outputs), state

    state = [part[0] for part in start(kind, 1, B, 20)]
    ours = joined(lambda x, s: R.unroll(cell, x, s, weights, reverse=reverse), kind)
    same(ours, joined(loop, kind), normal(1, T, B, D), *state, weights=(weights, weights))
    full = joined(lambda x, s: R.unroll(cell, x, s, weights, lengths=[T] * B, reverse=reverse), kind)
    same(ours, full, normal(1, T, B, D), *state, weights=(weights, weights))


def test_reverse_without_lengths_is_the_flipped_sequence():
    module = nn.GRUCell(D, H).double()
    weights, x, h = list(module.parameters()), normal(1, T, B, D), normal(2, B, H)
    back, last = R.unroll(R.gru_cell, x, h, weights, reverse=True)
    ahead, end = R.unroll(R.gru_cell, x.flip(0), h, weights)
    assert torch.equal(back, ahead.flip(0))
    assert torch.equal(last, end)
    assert torch.equal(last, back[0])


def by_entries(x, h, w_ih, w_hh, b_ih, b_hh):
    """The GRU as published, an entry at a time: the reset gate scales the state before it meets its weights."""
    width = h.shape[1]

    def total(weights, biases, row, values):
        return sum((w * v for w, v in zip(weights[row], values, strict=True)), biases[row])

    batch = []
    for inputs, past in zip(x, h, strict=True):
        opened = []
        for row in range(2 * width):
            opened.append((total(w_ih, b_ih, row, inputs) + total(w_hh, b_hh, row, past)).sigmoid())
        r, z = opened[:width], opened[width:]
        seen = [gate * value for gate, value in zip(r, past, strict=True)]
        entries = []
        for k in range(width):
            row = 2 * width + k
            candidate = (total(w_ih, b_ih, row, inputs) + total(w_hh, b_hh, row, seen)).tanh()
            entries.append(z[k] * past[k] + candidate - z[k] * candidate)
        batch.append(torch.stack(entries))
    return torch.stack(batch)


def test_the_two_resets_of_a_gru():
    shapes = [(3 * H, D), (3 * H, H), (3 * H,), (3 * H,)]
    weights = [normal(60 + n, *shape) for n, shape in enumerate(shapes)]
    x, h = normal(1, B, D), normal(2, B, H)
    before, after = partial(R.gru_cell, reset="before"), R.gru_cell
    same(before, by_entries, x, h, *weights)
    assert (before(x, h, *weights) - after(x, h, *weights)).abs().max() > 0.1
    same(lambda x, h: before(x, h, *weights[:2]), lambda x, h: by_entries(x, h, *weights[:2], *torch.zeros(2, 3 * H)),
         x, h)  # fmt: skip
    unrolled, _ = R.unroll(before, x[None], h, weights)
    torch.testing.assert_close(unrolled[0], by_entries(x, h, *weights))
    swapped = [torch.cat([w[:H], -w[H : 2 * H], w[2 * H :]]) for w in weights]  # 1 - z of one is z of the other
    gate = (x @ weights[0].T + weights[2] + h @ weights[1].T + weights[3])[:, H : 2 * H].sigmoid()
    n = (after(x, h, *weights) - gate * h) / (1 - gate)
    torch.testing.assert_close(after(x, h, *swapped), gate * n + (1 - gate) * h)


@pytest.mark.parametrize("kind", CELLS)
def test_dropout_between_layers_only_in_training(kind):
    p = 0.4
    mine, _ = pair(kind, 70, D, H, 2, dropout=p)
    x = normal(1, T, B, D)
    assert torch.equal(mine.eval()(x)[0], mine(x)[0])
    mine.train()
    seen = []
    mine.dropout.register_forward_hook(lambda module, given, result: seen.append((given[0], result)))
    torch.manual_seed(0)
    mine(x)
    ((given, result),) = seen  # once: not before the first layer, nor after the last
    kept = result != 0
    assert kept.any()
    assert not kept.all()
    torch.testing.assert_close(result[kept], given[kept] / (1 - p))
    first = CELLS[kind][2](D, H).double()
    first.load_state_dict({k: v for k, v in mine.state_dict().items() if k.endswith("l0")})
    torch.testing.assert_close(first(x)[0], given)


@pytest.mark.parametrize("shape", [(), (6,), (2, 5)])
def test_embedding(shape):
    ids = torch.randint(0, 9, shape, generator=Generator().manual_seed(0))
    table = normal(1, 9, D)
    same(lambda w: R.embedding(ids, w), lambda w: nn.functional.embedding(ids, w), table)
    same(lambda w: R.embedding(ids, w), lambda w: nn.functional.one_hot(ids, 9).double() @ w, table)
    same(lambda w: R.embedding(ids.int(), w), lambda w: R.embedding(ids, w), table)


def test_embedding_layer_starts_like_torch():
    drawn = []
    for module in (layers.Embedding, nn.Embedding):
        seed_everything(2)
        drawn.append(module(9, D))
    assert torch.equal(*[module.weight for module in drawn])
    drawn[0].load_state_dict(drawn[1].state_dict())
    ids = torch.tensor([[1, 8], [0, 1]])
    assert torch.equal(drawn[0](ids), drawn[1](ids))


def test_detach_cuts_the_graph():
    h, c = torch.ones(2, 3, requires_grad=True) * 2, torch.ones(2, 3, requires_grad=True) * 3
    for cut in (R.detach(h), *R.detach((h, c))):
        assert not cut.requires_grad
    assert torch.equal(R.detach((h, c))[1], c)
    assert isinstance(R.detach((h, c)), tuple)


def test_spectral_radius():
    torch.testing.assert_close(R.spectral_radius(torch.tensor([[0.0, -3.0], [3.0, 0.0]])), torch.tensor(3.0))
    torch.testing.assert_close(R.spectral_radius(torch.diag(torch.tensor([1.0, -4.0, 2.0]))), torch.tensor(4.0))


def test_lengths_of_no_sequence():
    empty = torch.zeros(T, 0, D)
    output, _ = R.unroll(R.rnn_cell, empty, torch.zeros(0, H), [torch.zeros(H, D), torch.zeros(H, H)], lengths=[])
    assert output.shape == (T, 0, H)


@pytest.mark.parametrize("kind", CELLS)
def test_a_batch_of_no_sequence_and_other_dtypes(kind):
    mine, _ = pair(kind, 80, D, H)
    output, last = mine(torch.zeros(T, 0, D, dtype=torch.float64))
    assert output.shape == (T, 0, H)
    assert flat(last)[0].shape == (1, 0, H)
    output, _ = mine.bfloat16()(normal(1, T, B, D).bfloat16(), lengths=LENGTHS.int())
    assert output.dtype == torch.bfloat16
