"""Attribution: which part of the input an answer rests on."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from dlbook.functional.shapes import require_same_shape


def class_activation_map(
    activations: Float[Tensor, "b k h w"], weights: Float[Tensor, "b k"]
) -> Float[Tensor, "b h w"]:
    """Channels of the last layer, weighted as one class weights them (eq-cam).

    Args:
        activations: of the layer before global average pooling.
        weights: the row of the linear layer that makes the class's logit, per picture.

    Source: Zhou et al. (2016).
    """
    return (weights[:, :, None, None] * activations).sum(dim=1)


def grad_cam(
    activations: Float[Tensor, "b k h w"],
    gradients: Float[Tensor, "*g"],  # the same shape, checked below
) -> Float[Tensor, "b h w"]:
    """Positive part of the channels' sum, weighted by their mean slopes (eq-grad-cam).

    Args:
        activations: of any convolutional layer.
        gradients: derivatives by them of the logit that is to be explained.

    Raises:
        ValueError: the two shapes differ.

    Source: Selvaraju et al. (2017).
    """
    require_same_shape(activations, gradients)
    return class_activation_map(activations, gradients.mean(dim=(2, 3))).relu()


def evidence_map(
    activations: Float[Tensor, "b k h w"],
    gradients: Float[Tensor, "*g"],  # the same shape, checked below
) -> Float[Tensor, "b h w"]:
    """What each place adds to a logit that is linear in the channels (eq-evidence).

    Args:
        activations: of the layer that is asked about.
        gradients: derivatives by them of the logit that is to be explained.

    Raises:
        ValueError: the two shapes differ.

    Source: Draelos and Carin (2020).
    """
    require_same_shape(activations, gradients)
    return (gradients * activations).sum(dim=1)
