"""Convolutional networks for images: the book's own, and the LeNet-like one of many tutorials."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

POOLS = ("max", "average", "stride")
HEADS = ("flatten", "average")


@dataclass(frozen=True)
class Config:
    """Shape of a convolutional network; the default is for grey images of 28 x 28."""

    channels: int = 1  # of the images: 1 is grey, 3 red, green and blue
    size: int | tuple[int, int] = 28  # height and width, or one number for both
    classes: int = 10
    widths: tuple[int, ...] = (16, 32)  # channels after each block
    kernel: int = 3  # an odd number: the convolution keeps height and width
    pool: str = "max"  # what halves them: a pooling, or "stride": a step of 2
    norm: bool = True  # batch normalisation in every block
    dropout: float = 0.0  # share of the features dropped before the last layer
    head: str = "flatten"  # or "average": each channel's mean over the image

    def __post_init__(self) -> None:
        if min((self.channels, self.classes, *self.widths), default=0) < 1 or (
            not self.widths
        ):
            raise ValueError(
                f"channels = {self.channels}, classes = {self.classes}, "
                f"widths = {self.widths}: accepted are numbers from 1, "
                "and at least one width."
            )
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ValueError(f"kernel = {self.kernel}: accepted is an odd number.")
        for name, accepted in (("pool", POOLS), ("head", HEADS)):
            if (given := getattr(self, name)) not in accepted:
                raise ValueError(
                    f"{name} = {given!r}: accepted is one of {', '.join(accepted)}."
                )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout = {self.dropout}: accepted is 0 <= dropout < 1.")
        if min(self.height_width) < 2 ** len(self.widths):
            raise ValueError(
                f"size = {self.size}: {len(self.widths)} blocks halve an image "
                f"{len(self.widths)} times; accepted is {2 ** len(self.widths)} "
                "or more."
            )

    @property
    def height_width(self) -> tuple[int, int]:
        size = self.size
        return (size, size) if isinstance(size, int) else size

    @property
    def last_height_width(self) -> tuple[int, int]:
        """After all blocks: each halves; pooling rounds down, a stride of 2 up."""
        height, width = self.height_width
        for _ in self.widths:
            odd = self.pool == "stride"
            height, width = (height + odd) // 2, (width + odd) // 2
        return height, width


def block(config: Config, fan_in: int, width: int) -> nn.Sequential:
    """Convolution, pooling, normalisation, ReLU: half the height and the width.

    Pooling stands before the other two, which then have a quarter of the work. The bias
    of the convolution is left out where normalisation would take it away again.
    """
    strided = config.pool == "stride"
    convolution = nn.Conv2d(
        fan_in,
        width,
        config.kernel,
        stride=2 if strided else 1,
        padding=config.kernel // 2,
        bias=not config.norm,
    )
    layers: list[nn.Module] = [convolution]
    if not strided:
        layers.append({"max": nn.MaxPool2d, "average": nn.AvgPool2d}[config.pool](2))
    if config.norm:
        layers.append(nn.BatchNorm2d(width))
    return nn.Sequential(*layers, nn.ReLU())


class CNN(nn.Module):
    """Blocks of convolution and pooling, then one linear layer on what they found.

    The result are logits: no softmax stands after the last layer.
    """

    def __init__(self, config: Config = Config()) -> None:
        super().__init__()
        self.config = config
        fans_in = (config.channels, *config.widths)
        self.blocks = nn.Sequential(
            *(block(config, n, m) for n, m in zip(fans_in, config.widths, strict=False))
        )
        height, width = config.last_height_width
        places = height * width if config.head == "flatten" else 1
        self.dropout = nn.Dropout(config.dropout)
        self.classify = nn.Linear(config.widths[-1] * places, config.classes)

    def forward(self, x: Float[Tensor, "*images"]) -> Float[Tensor, "b classes"]:
        require_images(x, self.config.channels, self.config.height_width)
        maps = self.blocks(x)  # (b, widths[-1], h / 2^blocks, w / 2^blocks)
        whole = self.config.head == "flatten"
        features = maps.flatten(1) if whole else maps.mean(dim=(2, 3))
        return self.classify(self.dropout(features))


class LeNet(nn.Module):
    """Two 5 x 5 convolutions with ReLU and 2 x 2 pooling, then three linear layers.

    With its default it is the network that tutorials train on CIFAR-10, a descendant of
    LeNet-5 (LeCun et al., 1998), with 62,006 parameters.

    Raises:
        ValueError: an image of which the convolutions and poolings leave nothing.
    """

    def __init__(self, channels: int = 3, size: int = 32, classes: int = 10) -> None:
        super().__init__()
        self.channels, self.size = channels, size
        left = ((size - 4) // 2 - 4) // 2
        if left < 1:
            raise ValueError(
                f"size = {size}: accepted is 16 or more, of which two 5 x 5 "
                "convolutions and two poolings leave a pixel."
            )
        self.conv1 = nn.Conv2d(channels, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * left * left, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, x: Float[Tensor, "*images"]) -> Float[Tensor, "b classes"]:
        require_images(x, self.channels, (self.size, self.size))
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)  # keeps the batch, whatever the size
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def require_images(x: Tensor, channels: int, size: tuple[int, int]) -> None:
    """Refuse what is no batch of images of this many channels and this size.

    Raises:
        ValueError: another shape; NHWC gets a hint.
    """
    wanted = (channels, *size)
    if x.ndim == 4 and tuple(x.shape[1:]) == wanted:
        return
    hint = ""
    if x.ndim == 4 and tuple(x.shape[1:]) == (*size, channels):
        hint = " (put the channels first: x.permute(0, 3, 1, 2))"
    elif tuple(x.shape) == wanted:
        hint = " (one image is a batch of one: x.unsqueeze(0))"
    raise ValueError(
        f"x: got shape {tuple(x.shape)}; accepted is a batch "
        f"(n, {', '.join(map(str, wanted))}){hint}."
    )
