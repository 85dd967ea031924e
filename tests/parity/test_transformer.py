"""The Transformer's encoder and decoder against torch's, with the same weights: values and every gradient."""

import pytest
import torch
from torch import Generator, nn
from torch.nn import functional as F

from dlbook.functional.attention import padding_mask, sinusoidal
from dlbook.models.transformer import Config, Encoder, EncoderDecoder

B, S, T, WIDTH, H, HIDDEN, LAYERS = 3, 7, 5, 12, 3, 10, 2
SYMBOLS, TARGETS = 11, 8
LENGTHS = torch.tensor([3, 7, 1])
PADDED = ~padding_mask(LENGTHS, S)


def config(**changes):
    sizes = {"symbols": SYMBOLS, "width": WIDTH, "heads": H, "hidden": HIDDEN, "layers": LAYERS, "targets": TARGETS}
    return Config(**{**sizes, "length": 20, **changes})


def ids(seed, symbols, *shape):
    return torch.randint(symbols, shape, generator=Generator().manual_seed(seed))


def wide(module, seed=0):
    """The module in float64 with weights and biases all drawn."""
    generator = Generator().manual_seed(seed)
    for p in module.double().parameters():
        p.data = torch.randn(p.shape, generator=generator, dtype=torch.float64) / 2
    return module


def torchs(ours, kind):
    """torch's stack with our layers' weights; a last norm where ours has one."""
    first = ours.config.norm_first
    layer, stack = {
        "encoder": (nn.TransformerEncoderLayer, nn.TransformerEncoder),
        "decoder": (nn.TransformerDecoderLayer, nn.TransformerDecoder),
    }[kind]
    options = {"enable_nested_tensor": False} if kind == "encoder" else {}
    its = stack(
        layer(WIDTH, H, HIDDEN, 0.0, batch_first=True, norm_first=first),
        LAYERS,
        nn.LayerNorm(WIDTH) if first else None,
        **options,
    ).double()
    state = {k: v for k, v in ours.state_dict().items() if k.startswith(("layers", "norm"))}
    its.load_state_dict(state)
    return its.train(ours.training)


def same(mine, its, ours, theirs):
    """Values, and the gradients by every weight of the layers, agree."""
    torch.testing.assert_close(mine, its, rtol=1e-11, atol=1e-12)
    by = torch.linspace(-1, 2, mine.numel(), dtype=mine.dtype).reshape(mine.shape)
    mine.backward(by)
    its.backward(by)
    other = dict(ours.named_parameters())
    for name, p in theirs.named_parameters():
        torch.testing.assert_close(other[name].grad, p.grad, rtol=1e-10, atol=1e-11)


def codes(n):
    return sinusoidal(n, WIDTH).double()


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("lengths", [LENGTHS, None])
def test_encoder(norm_first, training, causal, lengths):
    ours = wide(Encoder(config(norm_first=norm_first))).train(training)
    theirs, source = torchs(ours, "encoder"), ids(0, SYMBOLS, B, S)
    x = F.embedding(source, ours.embedding.weight.detach()) * WIDTH**0.5 + codes(S)
    before = torch.ones(S, S).bool().triu(1) if causal else None
    its = theirs(x, before, None if lengths is None else PADDED)
    same(ours(source, lengths, causal=causal), its, ours, theirs)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("tie", [True, False])
def test_encoder_decoder(norm_first, training, tie):
    ours = wide(EncoderDecoder(config(norm_first=norm_first, tie=tie))).train(training)
    encoder, decoder = torchs(ours.encoder, "encoder"), torchs(ours.decoder, "decoder")
    source, target = ids(0, SYMBOLS, B, S), ids(1, TARGETS, B, T)
    x = F.embedding(source, ours.encoder.embedding.weight.detach()) * WIDTH**0.5 + codes(S)
    y = F.embedding(target, ours.decoder.embedding.weight.detach()) * WIDTH**0.5 + codes(T)
    before = torch.ones(T, T).bool().triu(1)
    memory = encoder(x, src_key_padding_mask=PADDED)
    h = decoder(y, memory, tgt_mask=before, memory_key_padding_mask=PADDED)
    head = ours.decoder.embedding.weight if tie else ours.decoder.head
    mine = ours(source, target, LENGTHS)
    assert mine.shape == (B, T, TARGETS)
    same(mine, h @ head.detach().T, ours.decoder, decoder)
    for name, p in encoder.named_parameters():  # through the memory
        torch.testing.assert_close(dict(ours.encoder.named_parameters())[name].grad, p.grad, rtol=1e-10, atol=1e-11)
    assert torch.equal(mine, ours(source, target, LENGTHS.tolist()))


def test_the_tied_embedding_gets_both_gradients():
    ours = wide(EncoderDecoder(config()))
    source, target = ids(0, SYMBOLS, B, S), ids(1, TARGETS, B, T)
    ours(source, target).square().sum().backward()
    apart = wide(EncoderDecoder(config(tie=False)))
    apart.load_state_dict({**ours.state_dict(), "decoder.head": ours.decoder.embedding.weight})
    apart(source, target).square().sum().backward()
    both = apart.decoder.embedding.weight.grad + apart.decoder.head.grad
    torch.testing.assert_close(ours.decoder.embedding.weight.grad, both)
