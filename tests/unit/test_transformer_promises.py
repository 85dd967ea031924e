"""What a Transformer promises: no look ahead, none at padding, a cache that changes nothing, positions that matter."""

import pytest
import torch
from torch import Generator, nn

from dlbook.functional.attention import causal_mask
from dlbook.models.transformer import POSITIONS, Cache, Config, Decoder, Encoder, EncoderDecoder

B, S, T, SYMBOLS, TARGETS = 3, 7, 6, 11, 9
LENGTHS = torch.tensor([3, 7, 1])


def config(**changes):
    sizes = {"symbols": SYMBOLS, "width": 12, "heads": 3, "hidden": 10, "layers": 2, "length": 20, "targets": TARGETS}
    return Config(**{**sizes, **changes})


def ids(seed, symbols, *shape):
    return torch.randint(symbols, shape, generator=Generator().manual_seed(seed))


SOURCE, TARGET = ids(0, SYMBOLS, B, S), ids(1, TARGETS, B, T)


def model(**changes):
    """In float64, with weights and biases wide enough that attention is no mere mean."""
    made, generator = EncoderDecoder(config(**changes)).double(), Generator().manual_seed(2)
    for p in made.parameters():
        p.data = torch.randn(p.shape, generator=generator, dtype=torch.float64) / 2
    return made.eval()


def reach(function, x):
    """Whether output position i changes with input position j, by the gradients of one sequence: (t, s)."""
    x = x.clone().requires_grad_()
    rows = [torch.autograd.grad(y.square().sum(), x, retain_graph=True)[0] for y in function(x)[0]]
    return torch.stack(rows)[:, 0].abs().sum(-1) > 1e-12


def embedded(decoder, **options):
    """The decoder from vectors in place of symbols, so that there is a gradient by them."""
    memory = torch.randn(1, S, 12, generator=Generator().manual_seed(3)).double()

    class Given(nn.Module):
        num_embeddings = TARGETS
        weight = decoder.embedding.weight

        def forward(self, _):
            return self.x

    given = Given()

    def call(x):
        decoder.embedding, given.x = given, x
        return decoder(TARGET[:1], memory, **options)

    return call


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("norm_first", [True, False])
def test_no_position_sees_a_later_one(training, positions, norm_first):
    decoder = model(positions=positions, norm_first=norm_first).decoder.train(training)
    x = torch.randn(1, T, 12, generator=Generator().manual_seed(4)).double()
    assert torch.equal(reach(embedded(decoder), x), causal_mask(T))
    assert reach(embedded(decoder, causal=False), x).all()  # the leak that is there to be caught
    assert torch.equal(reach(embedded(decoder, weights=False, cache=Cache()), x), causal_mask(T))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("positions", POSITIONS)
def test_an_encoder_sees_all_or_what_came_before(training, positions):
    encoder = Encoder(config(symbols=0, positions=positions)).double().train(training)
    x = torch.randn(1, S, 12, generator=Generator().manual_seed(4)).double()
    assert reach(encoder, x).all()
    assert torch.equal(reach(lambda x: encoder(x, causal=True), x), causal_mask(S))
    near = causal_mask(S) & causal_mask(S).flip(0, 1).roll(0) | torch.eye(S).bool()
    near = near & ~torch.ones(S, S).bool().tril(-2)  # itself and the one before, twice over two layers
    one = Encoder(config(symbols=0, positions=positions, layers=1)).double().train(training)
    assert torch.equal(reach(lambda x: one(x, mask=near), x), near)
    inside = reach(lambda x: encoder(x, [4], causal=True), x)
    assert torch.equal(inside[:4], causal_mask(S)[:4])
    assert not inside[4:, 4:][~torch.eye(3).bool()].any()


def test_masks_that_together_hide_everything_are_refused():
    encoder = Encoder(config(symbols=0))
    x = torch.randn(2, S, 12, generator=Generator().manual_seed(4))
    later, not_first = ~causal_mask(S), torch.ones(S, S, dtype=torch.bool)
    later[-1, 0], not_first[:, 0] = True, False  # each row of both has a True
    assert encoder(x, mask=later).isfinite().all()
    with pytest.raises(ValueError, match=r"mask\[0\] is False throughout"):
        encoder(x, causal=True, mask=later)
    with pytest.raises(ValueError, match=r"mask\[1, 0\] is False throughout"):
        encoder(x, [S, 1], mask=not_first)
    halves = torch.block_diag(torch.ones(3, 3), torch.ones(S - 3, S - 3)).bool()
    assert encoder(x, [S, 3], mask=halves).isfinite().all()  # padding may look nowhere


@pytest.mark.parametrize("positions", POSITIONS)
def test_padding_changes_nothing(positions):
    m = model(positions=positions)
    full = m(SOURCE, TARGET, LENGTHS)
    other = SOURCE.clone()
    other[torch.arange(S) >= LENGTHS[:, None]] = 5
    torch.testing.assert_close(m(other, TARGET, LENGTHS), full, rtol=0, atol=1e-12)
    for row, n in enumerate(LENGTHS.tolist()):
        alone = m(SOURCE[row : row + 1, :n], TARGET[row : row + 1])
        torch.testing.assert_close(alone[0], full[row], rtol=0, atol=1e-12)
    assert not torch.allclose(m(other, TARGET), m(SOURCE, TARGET))


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("parts", [[1] * T, [T], [2, 1, 3]])
def test_a_cache_changes_nothing(positions, norm_first, parts):
    m, cache = model(positions=positions, norm_first=norm_first), Cache()
    memory = m.encoder(SOURCE, LENGTHS)
    full, maps = m.decoder(TARGET, memory, LENGTHS, weights=True)
    assert cache.length == 0
    steps = [m.decoder(new, memory, LENGTHS, cache=cache, weights=True) for new in TARGET.split(parts, dim=1)]
    assert cache.length == T
    torch.testing.assert_close(torch.cat([y for y, _ in steps], dim=1), full, rtol=0, atol=1e-12)
    for layer in range(2):
        shares = torch.cat([found[layer] for _, found in steps], dim=2)
        torch.testing.assert_close(shares, maps[layer], rtol=0, atol=1e-12)


def test_a_cache_projects_the_memory_once():
    m, cache = model(), Cache()
    memory = m.encoder(SOURCE)
    m.decoder(TARGET[:, :1], memory, cache=cache)
    kept = [[x.clone() for x in cache.of(n)[1]] for n in range(2)]
    again = m.decoder(TARGET[:, 1:2], torch.full_like(memory, torch.nan), cache=cache)
    assert again.isfinite().all()
    assert all(torch.equal(x, y) for n in range(2) for x, y in zip(kept[n], cache.of(n)[1], strict=True))


def test_rows_of_a_cache_can_be_chosen():
    m, cache, rows = model(), Cache(), torch.tensor([2, 0, 0, 1])
    memory = m.encoder(SOURCE, LENGTHS)
    m.decoder(TARGET[:, :4], memory, LENGTHS, cache=cache)
    cache.select(rows)
    step = m.decoder(TARGET[rows, 4:], memory[rows], LENGTHS[rows], cache=cache)
    torch.testing.assert_close(step, m.decoder(TARGET, memory, LENGTHS)[rows, 4:], rtol=0, atol=1e-12)


def test_the_maps_are_those_of_the_memory():
    m = model()
    logits, maps = m.decoder(TARGET, m.encoder(SOURCE, LENGTHS), LENGTHS, weights=True)
    torch.testing.assert_close(logits, m(SOURCE, TARGET, LENGTHS), rtol=0, atol=1e-12)
    assert [shares.shape for shares in maps] == [(B, 3, T, S)] * 2
    for shares in maps:
        torch.testing.assert_close(shares.sum(-1), torch.ones(B, 3, T).double())
        assert not shares[0, ..., 3:].any()
        assert not torch.allclose(shares[1], shares[1].flip(-1))


@pytest.mark.parametrize("positions", POSITIONS)
def test_the_order_matters_only_with_positions(positions):
    m, order = model(positions=positions), torch.tensor([4, 0, 6, 2, 1, 5, 3])
    memory = m.encoder(SOURCE)
    moved = m.encoder(SOURCE[:, order])
    assert torch.allclose(moved, memory[:, order]) == (positions == "none")


def test_rotary_positions_do_not_see_a_shift():
    m = model(positions="rotary")
    short = m.encoder(SOURCE)
    x, look = m.encoder.enter(torch.cat([SOURCE, SOURCE], dim=1), first=6)
    mask = torch.block_diag(torch.ones(S, S), torch.ones(S, S)).bool()
    for layer in m.encoder.layers:
        x = layer(x, mask, **look)
    torch.testing.assert_close(m.encoder.norm(x)[:, S:], short, rtol=0, atol=1e-12)


@pytest.mark.parametrize("positions", POSITIONS)
def test_state_moves_into_another_model(positions):
    m = model(positions=positions)
    other = EncoderDecoder(m.config).double()
    other.load_state_dict(m.state_dict())
    assert torch.equal(other.eval()(SOURCE, TARGET), m(SOURCE, TARGET))
    assert ("encoder.positions" in m.state_dict()) == (positions == "learned")


def test_what_a_config_says():
    assert Decoder(config(targets=0)).embedding.num_embeddings == SYMBOLS
    assert not [name for name, _ in Decoder(config()).named_parameters() if name.startswith("head")]
    assert Decoder(config(tie=False)).head.shape == (TARGETS, 12)
    assert isinstance(Encoder(config(norm_first=False)).norm, nn.Identity)
    m = EncoderDecoder(config(symbols=4000, width=64, heads=4))
    x, _ = m.encoder.enter(torch.arange(4000)[None, :20])
    assert abs(float(m.encoder.embedding.weight.detach().std()) * 8 - 1) < 0.05  # times the root of 64: variance 1
    assert x.shape == (1, 20, 64)


def test_dropout_in_training_alone():
    m = model(dropout=0.3)
    assert torch.equal(m(SOURCE, TARGET), model()(SOURCE, TARGET))
    m.train()
    assert not torch.equal(m(SOURCE, TARGET), m(SOURCE, TARGET))


def test_lengths_may_be_on_another_type_or_a_list():
    m = model()
    full = m(SOURCE, TARGET, LENGTHS)
    assert torch.equal(full, m(SOURCE, TARGET, LENGTHS.int()))
    assert torch.equal(full, m(SOURCE, TARGET, LENGTHS.tolist()))
    assert torch.equal(m(SOURCE, TARGET), m(SOURCE, TARGET, [S] * B))
