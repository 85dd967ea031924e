"""What the losses refuse, and in which words."""

import pytest
import torch

from dlbook.functional import losses as L

COLUMN, ROW, ONES = torch.zeros(4, 1), torch.zeros(4), torch.ones(4)
LOGITS, CLASSES = torch.zeros(4, 3), torch.tensor([0, 1, 2, 1])
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
        lambda p, t: L.cross_entropy_loss(LOGITS, torch.ones(4)),
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
            lambda: L.cross_entropy_loss(LOGITS, CLASSES[:, None]),
            r"target \(4, 1\): accepted.*shape \(4,\)",
        ),
        (ValueError, lambda: L.cross_entropy_loss(LOGITS, torch.eye(3).long()[CLASSES]), r"target \(4, 3\): accepted"),
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
        (ValueError, lambda: L.kl_loss(SHARES.log(), LOGITS), "p must hold probabilities"),
    ],
)
def test_refusals(error, call, words):
    with pytest.raises(error, match=words):
        call()
