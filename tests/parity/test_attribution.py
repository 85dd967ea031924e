"""Attribution maps against hooks, loops and each other."""

import pytest
import torch
from torch import Generator, nn

from dlbook.functional.attribution import class_activation_map, evidence_map, grad_cam


def network(classes=5):
    torch.manual_seed(3)
    features = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3), nn.ReLU())
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, classes))
    return nn.Sequential(features, head).double()


def pictures():
    return torch.randn(3, 2, 17, 14, generator=Generator().manual_seed(1), dtype=torch.float64)


def by_hooks(model, layer, x, chosen):
    """Activations and gradients as torch's hooks see them, one picture after the other; sums in loops."""
    kept = {}
    handles = [
        layer.register_forward_hook(lambda m, i, o: kept.update(a=o[0].detach())),
        layer.register_full_backward_hook(lambda m, i, o: kept.update(g=o[0][0])),
    ]
    maps = []
    for picture, c in zip(x, chosen, strict=True):
        model(picture[None].clone().requires_grad_())[0, c].backward()
        total = torch.zeros(kept["a"].shape[1:], dtype=x.dtype)
        for a, g in zip(kept["a"], kept["g"], strict=True):
            total += g.sum() / g.numel() * a
        maps.append(total.clamp(min=0))
    for handle in handles:
        handle.remove()
    return torch.stack(maps)


def ours(model, layer, x, chosen):
    a = layer(x) if layer is model[0] else None
    logits = model[1](a)
    (g,) = torch.autograd.grad(logits[range(len(x)), chosen].sum(), a)
    return a, g, logits


def test_grad_cam_equals_hooks_and_loops():
    model, x, chosen = network(), pictures(), [4, 0, 2]
    a, g, _ = ours(model, model[0], x, chosen)
    found = grad_cam(a, g)
    assert found.shape == (3, 5, 4)
    torch.testing.assert_close(found, by_hooks(model, model[0], x, chosen), rtol=1e-12, atol=1e-14)
    assert (found >= 0).all()
    assert found.max() > 0


def test_grad_cam_of_a_pooled_head_is_the_class_activation_map():
    model, x, chosen = network(), pictures(), [1, 3, 3]
    a, g, logits = ours(model, model[0], x, chosen)
    cam = class_activation_map(a, model[1][2].weight[chosen])
    torch.testing.assert_close(grad_cam(a, g), cam.relu() / 20, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(
        cam.mean(dim=(1, 2)) + model[1][2].bias[chosen], logits[range(3), chosen], rtol=1e-12, atol=1e-14
    )


def test_evidence_adds_up_to_the_logit_after_flatten():
    model, chosen = network(), [4, 0, 2]
    a = model[0](pictures())
    torch.manual_seed(4)
    head = nn.Linear(a[0].numel(), 5).double()
    logits = head(a.flatten(1))[range(3), chosen]
    (g,) = torch.autograd.grad(logits.sum(), a)
    found = evidence_map(a, g)
    assert found.shape == (3, 5, 4)
    assert (found < 0).any()
    torch.testing.assert_close(found.sum(dim=(1, 2)) + head.bias[chosen], logits, rtol=1e-12, atol=1e-14)
    by_weights = (head.weight[chosen].view_as(a) * a)[1, :, 3, 2].sum()  # one place, by the weights that it has
    torch.testing.assert_close(found[1, 3, 2], by_weights, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", [grad_cam, evidence_map])
def test_shapes_that_differ_are_refused(kind):
    with pytest.raises(ValueError, match="shape"):
        kind(torch.zeros(2, 3, 4, 5), torch.zeros(2, 3, 5, 4))
