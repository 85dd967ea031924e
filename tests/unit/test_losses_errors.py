"""What the losses refuse, and in which words."""

import pytest
import torch

from dlbook.functional import losses as L

COLUMN, ROW, ONES = torch.zeros(4, 1), torch.zeros(4), torch.ones(4)
LOGITS, CLASSES = torch.zeros(4, 3), torch.tensor([0, 1, 2, 1])
ONE_HOT = torch.eye(3)[CLASSES]
SHARES = torch.full((4, 3), 1 / 3)


@pytest.mark.parametrize(
    "loss",
    [
        L.mean_squared_error,
        L.squared_error,
        L.absolute_error,
        L.huber,
        lambda p, t: L.quantile_loss(p, t, 0.5),
        lambda p, t: L.gaussian_nll(p, t, torch.ones(4, 1)),
        lambda p, t: L.gaussian_nll(t, t, torch.ones(4, 1)),
        L.poisson_nll,
        L.binary_cross_entropy,
        L.binary_cross_entropy_with_logits,
        L.focal_loss,
        lambda p, t: L.kl_loss(p.expand(4, 3), t),
    ],
)
def test_shapes_that_would_broadcast(loss):
    with pytest.raises(ValueError, match="must have the same shape: a loss would broadcast them"):
        loss(COLUMN, ROW)


@pytest.mark.parametrize(
    "call",
    [
        lambda r: L.reduce(ROW, r),
        lambda r: L.huber(ROW, ONES, reduction=r),
        lambda r: L.focal_loss(ROW, ONES, reduction=r),
        lambda r: L.cross_entropy_loss(LOGITS, CLASSES, reduction=r),
        lambda r: L.kl_loss(SHARES.log(), SHARES, reduction=r),
    ],
)
def test_unknown_reductions(call):
    with pytest.raises(ValueError, match="reduction = 'average': accepted are none, mean and sum"):
        call("average")


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (ValueError, lambda: L.huber(ROW, ONES, delta=0.0), "delta = 0.0: accepted is a number above 0"),
        (ValueError, lambda: L.quantile_loss(ROW, ONES, 1.0), "quantile = 1.0: accepted is between 0 and 1"),
        (
            ValueError,
            lambda: L.gaussian_nll(ROW, ONES, ROW),
            "variance: the smallest is 0; accepted are numbers above 0",
        ),
        (ValueError, lambda: L.binary_cross_entropy(2 * ONES, ONES), "probability from 2 to 2: accepted are numbers"),
        (ValueError, lambda: L.binary_cross_entropy(ROW * torch.nan, ONES), "probability from nan"),
        (
            ValueError,
            lambda: L.binary_cross_entropy_with_logits(ROW, -ONES),
            "target from -1 to -1: accepted are numbers",
        ),
        (
            TypeError,
            lambda: L.binary_cross_entropy(ROW, ONES.long()),
            "target of dtype torch.int64: accepted are floats",
        ),
        (TypeError, lambda: L.binary_cross_entropy_with_logits(ROW, ONES.bool()), "target of dtype torch.bool"),
        (TypeError, lambda: L.focal_loss(ROW, ONES.int()), "target of dtype torch.int32: accepted are floats"),
        (TypeError, lambda: L.cross_entropy_loss(LOGITS, CLASSES.int()), "torch.int32: accepted are class numbers"),
        (
            TypeError,
            lambda: L.negative_log_likelihood(LOGITS, CLASSES.float()),
            "torch.float32: accepted are class num",
        ),
        (
            ValueError,
            lambda: L.cross_entropy_loss(LOGITS, CLASSES + 1),
            "target from 1 to 3: accepted.*from 0 to 2, or -1",
        ),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS, CLASSES - 1), "target from -1 to 1: accepted"),
        (
            ValueError,
            lambda: L.negative_log_likelihood(LOGITS, CLASSES[:, None]),
            r"target \(4, 1\): accepted for logits \(4, 3\) are class numbers of shape \(4,\)",
        ),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS, 1.5 * ONE_HOT), "target must hold prob.* sum of 1.5"),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS, SHARES + 0.02), "axis 1; got a smallest of 0.35.* of 1.06"),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS, ONE_HOT.fliplr() + ONE_HOT), "got a smallest of 0 and a sum"),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS, 2 * ONE_HOT - SHARES), "smallest of -0.3333 and a sum of 1"),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS, SHARES * torch.nan), "target must hold prob.* sum of nan"),
        (  # a sum in bfloat16 would be rounded to 1.0625, which is let pass
            ValueError,
            lambda: L.cross_entropy_loss(LOGITS[0, :2].bfloat16(), torch.tensor([0.5, 0.56640625]).bfloat16()),
            "target must hold prob.* sum of 1.066",
        ),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS[0], 2 * SHARES[0]), "target must hold prob.* axis 0.* of 2"),
        (
            ValueError,  # along the last axis it would be a distribution
            lambda: L.cross_entropy_loss(torch.zeros(2, 4, 3), SHARES.expand(2, 4, 3)),
            "axis 1; got a smallest of 0.3333 and a sum of 1.333",
        ),
        (
            ValueError,
            lambda: L.cross_entropy_loss(LOGITS, SHARES, ignore_index=0),
            "ignore_index = 0: accepted with probabilities as target is none, as they hold no class number",
        ),
        (
            ValueError,
            lambda: L.binary_cross_entropy_with_logits(COLUMN, COLUMN, ONES),
            r"^weight \(4,\): accepted for logits \(4, 1\) is a shape that broadcasts to theirs",
        ),
        (
            ValueError,
            lambda: L.binary_cross_entropy_with_logits(COLUMN, COLUMN, pos_weight=ONES),
            r"^pos_weight \(4,\): accepted for logits \(4, 1\)",
        ),
        (
            ValueError,
            lambda: L.binary_cross_entropy_with_logits(LOGITS, LOGITS, LOGITS.expand(2, 4, 3)),
            r"^weight \(2, 4, 3\): accepted for logits \(4, 3\)",
        ),
        (
            ValueError,
            lambda: L.binary_cross_entropy_with_logits(LOGITS, LOGITS, ONES),
            r"^weight \(4,\): accepted for logits \(4, 3\)",
        ),
        (
            ValueError,
            lambda: L.binary_cross_entropy_with_logits(ROW, ROW, ONES[:, None]),
            r"^weight \(4, 1\): accepted for logits \(4,\)",
        ),
        (
            ValueError,
            lambda: L.binary_cross_entropy_with_logits(ROW[:1], ROW[:1], ONES[:0]),
            r"^weight \(0,\): accepted for logits \(1,\)",
        ),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS.expand(2, 4, 3), CLASSES.expand(2, 4)), r"of shape \(2, 3\)"),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS, CLASSES, ONES), r"weight \(4,\): accepted.*\(3,\)"),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS, SHARES, ONES), r"weight \(4,\): accepted.*\(3,\)"),
        (
            ValueError,
            lambda: L.cross_entropy_loss(LOGITS, CLASSES, label_smoothing=2.0),
            "label_smoothing = 2.0: accepted",
        ),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS[0, 0], CLASSES), "a scalar has no class"),
        (ValueError, lambda: L.kl_loss(SHARES, SHARES), r"exp\(log_q\) must hold probabilities"),
        (ValueError, lambda: L.kl_loss(SHARES.log(), LOGITS), "^p must hold probabilities"),
        (ValueError, lambda: L.kl_loss(SHARES.log(), ONE_HOT * 2 - SHARES), "^p must hold prob.* smallest of -0.3333"),
        (
            ValueError,
            lambda: L.kl_loss(SHARES.log(), SHARES, log_target=True),
            r"^exp\(p\) must hold probabilities, at least 0, that add up to 1 along the last axis; "
            r".* of 1.396 .* of 4.187",
        ),
    ],
)
def test_refusals(error, call, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    ("error", "target"),
    [
        (TypeError, CLASSES.float()),  # the shape is right, for the other kind
        (TypeError, CLASSES.bfloat16()),
        (TypeError, ONE_HOT.long()),
        (TypeError, ONE_HOT.int()),
        (TypeError, ONE_HOT.bool()),
        (ValueError, CLASSES[:, None]),
        (ValueError, CLASSES[:, None].float()),
        (ValueError, SHARES.T),
        (ValueError, SHARES[None]),
        (ValueError, CLASSES[0]),
    ],
)
def test_targets_for_cross_entropy(error, target):
    with pytest.raises(error) as caught:
        L.cross_entropy_loss(LOGITS, target)
    assert str(caught.value) == (
        f"target of dtype {target.dtype} and shape {tuple(target.shape)}: accepted for logits (4, 3) are class "
        "numbers, torch.int64 of shape (4,), or probabilities, floats of shape (4, 3)."
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("classes", [2, 10, 1000, 50_000])
def test_distributions_up_to_rounding(dtype, classes):
    even = torch.zeros(2, classes, dtype=dtype).log_softmax(1)
    spread = torch.randn(2, classes, generator=torch.Generator().manual_seed(0)).to(dtype).log_softmax(1)
    for log_q in (even, spread):
        for log_p in (even, spread):
            assert L.kl_loss(log_q, log_p, log_target=True).isfinite()
            assert L.kl_loss(log_q, log_p.exp()).isfinite()
        assert L.cross_entropy_loss(log_q, spread.exp()).isfinite()
    with pytest.raises(ValueError, match="p must hold probabilities"):
        L.kl_loss(even, 1.1 * spread.exp())
    with pytest.raises(ValueError, match=r"exp\(log_q\) must hold probabilities"):
        L.kl_loss(even + 0.1, spread.exp())
    with pytest.raises(ValueError, match="target must hold probabilities"):
        L.cross_entropy_loss(even, 1.1 * spread.exp())
    if dtype in (torch.float32, torch.float64):
        with pytest.raises(ValueError, match="p must hold probabilities"):
            L.kl_loss(even, 1.0002 * spread.exp())


def test_weights_that_broadcast_are_taken():
    for shape in [(), (1,), (3,), (1, 3), (4, 1), (4, 3)]:
        w = torch.full(shape, 2.0)
        twice = L.binary_cross_entropy_with_logits(LOGITS, LOGITS, w, w)
        torch.testing.assert_close(twice, 2 * L.binary_cross_entropy_with_logits(LOGITS, LOGITS))
    assert L.cross_entropy_loss(LOGITS, SHARES, ignore_index=-1).isfinite()
