"""Series: the bundled sunspot numbers, and the windows in which a model sees a series."""

from __future__ import annotations

from jaxtyping import Shaped
from torch import Tensor

from dlbook.data.kinds import DataSet
from dlbook.data.places import verified

FILE = "sunspots.csv"
SHA256 = "74b8e3acb9886b68abe9c56f6081257d522e2cb2470f17dbf597b396f4ea1706"
ABOUT = "309 years, the mean number of spots on the sun in each, 1700 to 2008"


def sunspots() -> DataSet:
    """Yearly means of the sunspot number: x float32 `(309, 1)`, the year; y float32 `(309,)`."""
    import torch

    _, content = verified(FILE, SHA256)
    header, *lines = content.decode("ascii").split()
    rows = torch.tensor([[float(cell) for cell in line.split(",")] for line in lines])
    feature, target = header.split(",")
    return DataSet(
        "sunspots",
        x=rows[:, :1].clone(),
        y=rows[:, 1].clone(),
        source="NOAA National Geophysical Data Center, yearly sunspot numbers, public domain; carried by statsmodels",
        features=(feature,),
        targets=(target,),
    )


def sliding(
    series: Shaped[Tensor, "t ..."], length: int, horizon: int = 1
) -> tuple[Shaped[Tensor, "n length ..."], Shaped[Tensor, "n horizon ..."]]:
    """Every window of a series, and what follows it: n = t - length - horizon + 1 pairs.

    Window i starts at step i. Both results are views: they share the memory of `series`.

    Raises:
        ValueError: a length or a horizon below 1, or a series that is shorter than both
            together.
    """
    if min(length, horizon) < 1:
        raise ValueError(
            f"length = {length}, horizon = {horizon}: accepted are numbers from 1."
        )
    if len(series) < length + horizon:
        raise ValueError(
            f"series: {len(series)} steps are fewer than a window of {length} and the {horizon} "
            f"after it; accepted are {length + horizon} or more: give more steps or a shorter window."
        )
    windows = series.unfold(0, length + horizon, 1).movedim(-1, 1)
    return windows[:, :length], windows[:, length:]
