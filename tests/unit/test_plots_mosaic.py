"""Mosaics of small pictures: whole dots for every pixel, ink on paper, errors in one sentence."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from dlbook import plots


def drawn(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png())).convert("L"))


def test_every_pixel_is_a_whole_number_of_dots_and_one_is_dark():
    batch = torch.zeros(4, 5, 5)
    batch[1, 2, 3] = 1.0
    image = drawn(plots.mosaic(batch, columns=2, gap=False, width=2.0))
    rows, columns = (image < 128).nonzero()
    side = (2 * 144 - 8) // 10
    assert len(rows) == side**2
    assert (rows.min(), columns.min()) == (4 + 2 * side, 4 + 8 * side)
    assert (rows.max(), columns.max()) == (3 + 3 * side, 3 + 9 * side)


def test_shades_are_rounded_and_rows_are_named():
    picture = plots.mosaic(torch.full((3, 2, 2), 0.4), rows=["grey", "more"], columns=2, shades=2)
    assert (drawn(picture) == 255).mean() > 0.8  # 0.4 is nearer to white
    assert [text.get_text() for text in picture.ax.texts] == ["grey", "more"]
    assert picture.alt == "A grid of 3 small pictures of 2 by 2 pixels, 2 in a row, the rows: grey; more."


@pytest.mark.parametrize(
    ("batch", "options", "words"),
    [
        (torch.zeros(3, 1, 4, 4), {}, r"shape \(n, H, W\), got \(3, 1, 4, 4\)"),
        (torch.ones(3, 4, 4) * 1.5, {}, "within 0 to 1, got 1.5 to 1.5"),
        (torch.zeros(3, 4, 4) / 0, {}, "within 0 to 1, got nan to nan"),
        (torch.zeros(9, 4, 4), {"rows": ["one"]}, "a name for each of 2 rows, got 1"),
        (torch.zeros(9, 400, 400), {}, "8 pictures of 400 pixels do not fit"),
        (torch.zeros(9, 4, 4), {"shades": 1}, "shades at least 2, got 8 and 1"),
    ],
)
def test_errors_are_one_sentence(batch, options, words):
    with pytest.raises(ValueError, match=words):
        plots.mosaic(batch, **options)
