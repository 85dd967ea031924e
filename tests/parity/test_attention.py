"""Attention, its layers and its positions against torch's and against the formulas: values and every gradient."""

import math

import pytest
import torch
from torch import Generator, nn
from torch.nn import functional as F

from dlbook import layers
from dlbook.functional import attention as A

B, H, T, S, D, E = 2, 3, 5, 7, 4, 6
WIDTH, HIDDEN = 12, 10
CAUSAL, SQUARE = A.causal_mask(T, S), A.causal_mask(T)
LENGTHS = torch.tensor([3, 7])
PADDING = A.padding_mask(LENGTHS, S)  # (b, s)


def normal(seed, *shape):
    """Numbers in float64, not contiguous where that can be."""
    x = torch.randn(shape[::-1], generator=Generator().manual_seed(seed), dtype=torch.float64)
    return x.permute(*range(len(shape))[::-1])


def hides(*shape):
    """A mask at random, in which the query 1 of the first of the batch may look at nothing."""
    mask = torch.rand(shape, generator=Generator().manual_seed(9)) > 0.4
    mask.view(-1, *shape[-2:])[0, 1] = False
    return mask


def same(ours, theirs, *inputs, weights=((), ())):
    """Values agree, and the vector-Jacobian products by every input and every weight of the two, by name."""
    results = []
    for call, extra in zip((ours, theirs), weights, strict=True):
        leaves = [x.clone().requires_grad_() for x in inputs]
        value = call(*leaves)
        by = torch.linspace(-1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
        results.append([value, *torch.autograd.grad(value, [*leaves, *extra], by)])
    assert len(results[0]) == len(results[1])
    for mine, its in zip(*results, strict=True):
        assert mine.dtype == its.dtype
        torch.testing.assert_close(mine, its, rtol=1e-11, atol=1e-13)


def twins(ours, theirs):
    """Both with the same numbers, biases included, and their parameters in one order."""
    for n, (_, p) in enumerate(theirs.double().named_parameters()):
        p.data = normal(n, *p.shape) / 2
    ours.double().load_state_dict(theirs.state_dict())
    names = [name for name, _ in theirs.named_parameters()]
    mine = dict(ours.named_parameters())
    return [[mine[name] for name in names], list(theirs.parameters())]


@pytest.mark.parametrize(
    "mask",
    [
        None,
        CAUSAL,
        hides(B, H, T, S),
        hides(B, 1, T, S),
        hides(T, S),
        PADDING[:, None, None],
        torch.zeros(T, S).bool(),
    ],
)
@pytest.mark.parametrize("scale", [None, 0.3])
def test_scaled_dot_product_attention(mask, scale):
    q, k, v = normal(0, B, H, T, D), normal(1, B, H, S, D), normal(2, B, H, S, E)

    def theirs(q, k, v):
        return F.scaled_dot_product_attention(q, k, v, mask, scale=scale)

    same(lambda q, k, v: A.attention(q, k, v, mask, scale=scale)[0], theirs, q, k, v)


@pytest.mark.parametrize("mask", [None, CAUSAL, hides(B, H, T, S)])
def test_a_bias_is_added_to_the_scores(mask):
    q, k, v, bias = normal(0, B, H, T, D), normal(1, B, H, S, D), normal(2, B, H, S, E), normal(3, B, H, T, S)

    def theirs(q, k, v, bias):
        added = bias if mask is None else bias.masked_fill(~mask, -math.inf)
        return F.scaled_dot_product_attention(q, k, v, added)

    same(lambda q, k, v, bias: A.attention(q, k, v, mask, bias=bias)[0], theirs, q, k, v, bias)


def test_a_bias_of_minus_infinity_hides_as_a_mask_does():
    q, k, v, mask = normal(0, B, T, D), normal(1, B, S, D), normal(2, B, S, E), hides(B, T, S)
    bias = torch.zeros(B, T, S).double().masked_fill(~mask, -math.inf)
    same(lambda *x: A.attention(*x, bias=bias)[0], lambda *x: A.attention(*x, mask)[0], q, k, v)


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_a_query_that_may_look_at_nothing(dtype):
    q, k, v = (normal(n, T, D).to(dtype).contiguous().requires_grad_() for n in range(3))
    mask = torch.ones(T, T).bool()
    mask[2] = False
    with torch.autograd.detect_anomaly(check_nan=True) if dtype == torch.float64 else torch.enable_grad():
        out, weights = A.attention(q, k, v, mask)
        gradients = torch.autograd.grad(out.square().sum() + weights.square().sum(), (q, k, v), create_graph=True)
        torch.autograd.grad(sum(g.square().sum() for g in gradients), (q, k, v))  # and once more
    assert out.dtype == weights.dtype == dtype
    assert not out[2].any()
    assert not weights[2].any()
    assert not gradients[0][2].any()
    assert all(bool(g.isfinite().all()) and bool(g.any()) for g in gradients)
    rest = weights[[0, 1, 3, 4]].float().sum(dim=-1)
    torch.testing.assert_close(rest, torch.ones(4), rtol=0, atol=0.02)


def test_what_is_hidden_weighs_exactly_nothing():
    q, k, v, mask = normal(0, B, T, D), normal(1, B, S, D), normal(2, B, S, E), hides(B, T, S)
    out, weights = A.attention(q * 100, k * 100, v, mask)  # scores of thousands
    assert not weights[~mask].any()
    assert torch.equal(out, A.attention(q * 100, k * 100, v.where(mask.any(1)[..., None], 1e300), mask)[0])


@pytest.mark.parametrize(("t", "s"), [(1, 1), (4, 4), (2, 6), (1, 5)])
def test_causal_mask(t, s):
    expected = [[j <= i + s - t for j in range(s)] for i in range(t)]
    assert A.causal_mask(t, s).tolist() == expected
    if t == s:
        assert torch.equal(A.causal_mask(t), nn.Transformer.generate_square_subsequent_mask(t) == 0)


def test_padding_mask():
    expected = [[True, False, False], [True, True, True], [True, True, False]]
    assert A.padding_mask([1, 3, 2], 3).tolist() == expected
    assert A.padding_mask(torch.tensor([1, 3, 2], dtype=torch.int32), 3).tolist() == expected


def test_heads():
    x = normal(0, B, T, WIDTH)
    heads = A.split_heads(x, H)
    assert heads.shape == (B, H, T, WIDTH // H)
    assert torch.equal(heads[1, 2, 3], x[1, 3, 8:12])
    assert torch.equal(A.merge_heads(heads), x)


@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm(eps, affine):
    x, parts = normal(0, B, T, D) * 3 + 2, [normal(1, D), normal(2, D)] if affine else []
    same(
        lambda x, *p: A.layer_norm(x, *p, eps=eps),
        lambda x, *p: F.layer_norm(x, (D,), *p, eps=eps),
        *[x, *parts],
    )


def test_layer_norm_layer():
    ours, theirs = layers.LayerNorm(D, eps=1e-3), nn.LayerNorm(D, eps=1e-3)
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)
    parameters = twins(ours, theirs)
    same(ours, theirs, normal(0, B, T, D), weights=parameters)
    same(ours, lambda x: A.layer_norm(x, *parameters[1], 1e-3), normal(0, B, T, D), weights=parameters)


def test_sinusoidal_and_its_shift():
    codes = A.sinusoidal(30, 6, base=50.0, dtype=torch.float64)
    for p in range(30):
        for i in range(3):
            angle = p / 50 ** (2 * i / 6)
            assert codes[p, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-14)
            assert codes[p, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-14)
    for offset in (0, 1, 7, -4):
        turn = A.shift_matrix(offset, 6, base=50.0, dtype=torch.float64)
        torch.testing.assert_close(turn @ turn.T, torch.eye(6).double(), rtol=0, atol=1e-14)
        here = codes[10:20]
        torch.testing.assert_close(here @ turn.T, codes[10 + offset : 20 + offset], rtol=0, atol=1e-14)
    assert A.sinusoidal(3, 4).dtype == A.shift_matrix(3, 4).dtype == torch.float32


def test_rotary_turns_complex_numbers():
    x, positions = normal(0, B, H, T, 6), torch.tensor([0, 2, 3, 9, 4])

    def turned(x):
        angles = positions[:, None] * 50.0 ** (-torch.arange(0, 6, 2, dtype=torch.float64) / 6)
        numbers = torch.view_as_complex(x.unflatten(-1, (3, 2)).contiguous())
        return torch.view_as_real(numbers * torch.polar(torch.ones_like(angles), angles)).flatten(-2)

    same(lambda x: A.rotary(x, positions, base=50.0), turned, x)
    assert torch.equal(A.rotary(x), A.rotary(x, torch.arange(T)))
    assert A.rotary(x.float()).dtype == torch.float32


def test_rotary_scores_depend_on_the_distance_alone():
    q, k = normal(0, 1, 8).expand(9, 8), normal(1, 1, 8).expand(9, 8)
    scores = A.rotary(q) @ A.rotary(k).T
    for distance in range(-8, 9):
        line = scores.diagonal(distance)
        torch.testing.assert_close(line, line[:1].expand_as(line), rtol=0, atol=1e-13)
    assert scores[0].std() > 0.1


def test_alibi():
    bias = A.alibi(4, 2, 5, dtype=torch.float64)
    for head, slope in enumerate([1 / 4, 1 / 16, 1 / 64, 1 / 256]):
        assert bias[head].tolist() == [[-slope * abs(3 + i - j) for j in range(5)] for i in range(2)]
    assert torch.equal(A.alibi(4, 5)[:, 3:], A.alibi(4, 2, 5))
    slopes = -A.alibi(6, 1, 2, dtype=torch.float64)[:, 0, 0]  # those of 4 heads, then the odd ones of 8
    assert slopes.log2().tolist() == [-2, -4, -6, -8, -1, -3]
    assert A.alibi(1, 1, 2)[0, 0, 0] == -(2**-8)


MASKS = {
    "none": (None, {}),
    "causal": (SQUARE, {"attn_mask": ~SQUARE}),
    "padding": (PADDING[:, None, :T], {"key_padding_mask": ~PADDING[:, :T]}),
    "both": (PADDING[:, None, :T] & SQUARE, {"attn_mask": ~SQUARE, "key_padding_mask": ~PADDING[:, :T]}),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("weights", [True, False])
def test_self_attention(masks, training, weights):
    ours, theirs = layers.MultiHeadAttention(WIDTH, H), nn.MultiheadAttention(WIDTH, H, batch_first=True)
    parameters = twins(ours.train(training), theirs.train(training))
    mask, options = MASKS[masks]

    def mine(x):
        return ours(x, mask=mask, weights=True)[0] if weights else ours(x, mask=mask)

    def its(x):
        return theirs(x, x, x, need_weights=weights, **options)[0]

    same(mine, its, normal(3, B, T, WIDTH), weights=parameters)


@pytest.mark.parametrize("weights", [True, False])
def test_cross_attention_with_values_of_their_own(weights):
    ours, theirs = layers.MultiHeadAttention(WIDTH, H), nn.MultiheadAttention(WIDTH, H, batch_first=True)
    parameters = twins(ours, theirs)
    q, k, v, mask = normal(3, B, T, WIDTH), normal(4, B, S, WIDTH), normal(5, B, S, WIDTH), PADDING[:, None]

    def mine(q, k, v):
        return ours(q, k, v, mask, weights=True)[0] if weights else ours(q, k, v, mask)

    same(mine, lambda q, k, v: theirs(q, k, v, key_padding_mask=~PADDING)[0], q, k, v, weights=parameters)
    same(ours, lambda q, k: theirs(q, k, k)[0], q, k, weights=parameters)
    same(lambda q: ours(q, q, q), ours, q, weights=parameters[:1] * 2)
    _, shares = theirs(q, k, v, key_padding_mask=~PADDING, average_attn_weights=False)
    torch.testing.assert_close(ours(q, k, v, mask, weights=True)[1], shares, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("mask", [None, SQUARE, hides(B, T, T), PADDING[:, None, :T], hides(B, H, T, T)])
@pytest.mark.parametrize("kind", ["plain", "bias", "rotate"])
def test_the_kernel_and_the_equation_agree(mask, kind):
    ours = layers.MultiHeadAttention(WIDTH, H).double()
    options = {"plain": {}, "bias": {"bias": A.alibi(H, T).double()}, "rotate": {"rotate": A.rotary}}[kind]
    parameters = list(ours.parameters())
    same(
        lambda x: ours(x, mask=mask, **options),
        lambda x: ours(x, mask=mask, weights=True, **options)[0],
        normal(1, B, T, WIDTH),
        weights=(parameters, parameters),
    )
    if kind != "plain":
        x = normal(1, B, T, WIDTH)
        assert not torch.allclose(ours(x, mask=mask), ours(x, mask=mask, **options))


LAYERS = {
    "encoder": (layers.EncoderLayer, nn.TransformerEncoderLayer),
    "decoder": (layers.DecoderLayer, nn.TransformerDecoderLayer),
}


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("masks", MASKS)
def test_encoder_layer(norm_first, training, masks):
    ours = layers.EncoderLayer(WIDTH, H, HIDDEN, norm_first=norm_first)
    theirs = nn.TransformerEncoderLayer(WIDTH, H, HIDDEN, 0.0, batch_first=True, norm_first=norm_first)
    parameters = twins(ours.train(training), theirs.train(training))
    mask, options = MASKS[masks]
    renamed = {"attn_mask": "src_mask", "key_padding_mask": "src_key_padding_mask"}
    options = {renamed[name]: value for name, value in options.items()}
    x = normal(5, B, T, WIDTH)
    same(lambda x: ours(x, mask), lambda x: theirs(x, **options), x, weights=parameters)
    with torch.no_grad():  # in evaluation mode torch's fast path, which leaves padded queries at 0
        kept = PADDING[:, :T] if "padding" in masks or masks == "both" else torch.ones(B, T).bool()
        torch.testing.assert_close(ours(x, mask)[kept], theirs(x, **options)[kept], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_decoder_layer(norm_first, training, masked):
    ours = layers.DecoderLayer(WIDTH, H, HIDDEN, norm_first=norm_first)
    theirs = nn.TransformerDecoderLayer(WIDTH, H, HIDDEN, 0.0, batch_first=True, norm_first=norm_first)
    parameters = twins(ours.train(training), theirs.train(training))
    masks = (SQUARE, PADDING[:, None]) if masked else ()
    options = {"tgt_mask": ~SQUARE, "memory_key_padding_mask": ~PADDING} if masked else {}
    inputs = normal(5, B, T, WIDTH), normal(6, B, S, WIDTH)
    same(lambda y, m: ours(y, m, *masks), lambda y, m: theirs(y, m, **options), *inputs, weights=parameters)
    out, shares = ours(*inputs, *masks, weights=True)
    torch.testing.assert_close(out, ours(*inputs, *masks), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(shares.sum(-1), torch.ones(B, H, T).double())
    assert bool(shares[0, :, :, 3:].any()) != masked


@pytest.mark.parametrize("kind", LAYERS)
def test_layers_start_as_torchs(kind):
    ours, theirs = (of(WIDTH, H, HIDDEN) for of in LAYERS[kind])
    other = dict(theirs.named_parameters())
    assert {name: p.shape for name, p in ours.named_parameters()} == {name: p.shape for name, p in other.items()}
    for name, p in ours.named_parameters():
        assert bool(p.any()) == bool(other[name].any())  # what is 0 there is 0 here
    wide = layers.MultiHeadAttention(200, 4).in_proj_weight
    bound = math.sqrt(6 / 800)
    assert 0.99 * bound < wide.abs().max() <= bound


def test_dropout_acts_in_training_alone():
    torch.manual_seed(0)
    x = normal(0, 2, 50, WIDTH)
    ours = layers.MultiHeadAttention(WIDTH, H, dropout=0.5).double().requires_grad_(False)
    out, shares = ours.eval()(x, weights=True)
    ours.train()
    for drawn in (lambda: ours(x), lambda: ours(x, weights=True)[0]):
        many = torch.stack([drawn() for _ in range(400)])
        assert not torch.allclose(many[0], many[1])
        error = many.std(0) / 20  # of the mean of 400
        assert float(((many.mean(0) - out) / error).abs().max()) < 6
        assert float(error.max()) < float(out.std())
    torch.testing.assert_close(ours(x, weights=True)[1], shares)  # the shares before they are dropped
    for kind, inputs in (("encoder", (x,)), ("decoder", (x, x))):
        layer = LAYERS[kind][0](WIDTH, H, HIDDEN, dropout=0.5).double()
        assert not torch.allclose(layer(*inputs), layer(*inputs))
        assert torch.equal(layer.eval()(*inputs), layer(*inputs))
