"""Figures: what is drawn, that nothing overlaps, that every figure says what it shows. No pixel is compared."""

import functools
import io
import itertools

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from plots_gallery import MORE

from dlbook import plots
from dlbook.plots.look import CYCLE, DIMS, EMPTY, INK, MUTED, RC, WIDTH, mix

X = torch.arange(12).view(3, 4)
RAGGED = torch.tensor([[1.5, -2.25, 3e-7], [float("nan"), float("inf"), -12345.6]])


def _plain():
    figure, ax = plots.axes(xlabel="step", ylabel="loss")
    ax.plot([0, 1, 2], [3.0, 2.0, 1.5], label="train")
    return figure


GALLERY = {
    "storage": lambda: plots.storage(X, label="x"),
    "storage of a scalar": lambda: plots.storage(torch.tensor(7)),
    "storage of a vector": lambda: plots.storage(torch.arange(5)[1::2]),
    "storage transposed": lambda: plots.storage(X.T, label="x.T"),
    "storage sliced": lambda: plots.storage(X[1:, ::2], label="x[1:, ::2]"),
    "storage expanded": lambda: plots.storage(torch.arange(4).expand(3, 4)),
    "storage of one cell expanded": lambda: plots.storage(torch.tensor([[2.5]]).expand(3, 4)),
    "storage of floats": lambda: plots.storage(RAGGED),
    "storage of truth": lambda: plots.storage(X > 5),
    "storage of complex numbers": lambda: plots.storage(torch.tensor([1 + 2j, -3.5j])),
    "storage 3-d": lambda: plots.storage(torch.arange(24).view(2, 3, 4)),
    "storage 3-d permuted": lambda: plots.storage(torch.arange(24).view(2, 3, 4).permute(2, 0, 1)),
    "storage folded": lambda: plots.storage(torch.arange(1000, 1040).view(5, 8)),
    "views": lambda: plots.views([("x", X), ("x.T", X.T), ("x[1]", X[1]), ("x[:, 1:3]", X[:, 1:3])]),
    "views of many ranks": lambda: plots.views([("x[0, 0]", X[0, 0]), ("x", X), ("x.view(2, 3, 2)", X.view(2, 3, 2))]),
    "broadcast": lambda: plots.broadcast(10 * torch.arange(3)[:, None], torch.arange(4)),
    "broadcast of shapes": lambda: plots.broadcast((3, 1), (4,)),
    "broadcast of one dimension": lambda: plots.broadcast(torch.arange(3), torch.tensor(2), operator="*"),
    "broadcast of scalars": lambda: plots.broadcast((), ()),
    "broadcast of long numbers": lambda: plots.broadcast(RAGGED, torch.tensor([[0.123], [-0.456]]), operator="/"),
    "broadcast without table": lambda: plots.broadcast((2, 1), (2, 5), table=False),
    "alignment": lambda: plots.alignment((8, 1, 6, 1), (7, 1, 5)),
    "alignment that fails": lambda: plots.alignment((5, 3, 4, 1), (3, 1, 1), (2, 4), names=["x", "mean", "mask"]),
    "alignment of scalars": lambda: plots.alignment((), ()),
    "alignment of images": lambda: plots.alignment((32, 3, 224, 224), (3, 1, 1)),
    "rank": plots.rank,
    "rank of tensors": lambda: plots.rank(torch.tensor(7), X[0], X, torch.arange(24).view(2, 3, 4)),
    "indexing": lambda: plots.indexing(
        X, [("x[1]", 1), ("x[:, 2]", np.s_[:, 2]), ("x[x > 5]", X > 5), ("x[[0, 2], [1, 3]]", ([0, 2], [1, 3]))]
    ),
    "indexing a vector": lambda: plots.indexing(torch.arange(5), [("v[::2]", np.s_[::2]), ("v[[4, 0]]", [4, 0])]),
    "matmul of shapes": lambda: plots.matmul((3, 4), (4, 2), entry=(1, 0)),
    "matmul": lambda: plots.matmul(torch.arange(6).view(2, 3), torch.arange(12).view(3, 4), entry=(1, 2)),
    "matmul narrow": lambda: plots.matmul((2, 1), (1, 1)),
    "heat": lambda: plots.heat(
        torch.arange(4.0)[:, None] - torch.arange(4.0),
        rows=[0, 1, 2, 3],
        columns=torch.arange(4.0),
        row_name="prediction",
        column_name="target",
        diagonal=True,
        title="Differences",
    ),
    "heat plain": lambda: plots.heat(RAGGED),
    "floats": plots.floats,
    "floats of 8 and 64 bits": lambda: plots.floats([torch.float8_e5m2, torch.float64]),
    "times": lambda: plots.times({"loop": [2e-2, 2.1e-2, 2.3e-2], "einsum": [9e-5, 1.1e-4], "broadcast": [4e-5]}),
    "times close together": lambda: plots.times({"a": [1.1e-3], "b": [1.2e-3, 1.3e-3]}, title="Close"),
    "lines": lambda: plots.lines(
        range(1, 9),
        {"train": [1 / i for i in range(1, 9)], "validation": [1 / i + 0.02 for i in range(1, 9)]},
        xlabel="epoch",
        ylabel="loss",
        bands={"train": ([0.8 / i for i in range(1, 9)], [1.2 / i for i in range(1, 9)])},
        marks=True,
    ),
    "lines on logs": lambda: plots.lines(
        [1, 10, 100], {"a": torch.tensor([1.0, 0.1, 0.01])}, xlabel="n", ylabel="error", logx=True, logy=True
    ),
    "plain axes": _plain,
    **MORE,
}


@pytest.fixture(scope="module")
def drawn():
    """A function that gives a figure of the gallery with its image, drawn once."""

    @functools.cache
    def draw(name):
        figure = GALLERY[name]()
        return figure, figure.png()

    return draw


@pytest.mark.parametrize("name", GALLERY)
def test_no_text_touches_another_or_leaves_the_figure(drawn, name):
    figure, _ = drawn(name)
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [t for t in figure.findobj(matplotlib.text.Text) if t.get_visible() and t.get_text().strip()]
    hidden = _hidden_ticks(figure)
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts if t not in hidden]
    for text, box in boxes:
        assert box.x0 >= -1, text
        assert box.x1 <= figure.bbox.width + 1, text
        assert box.y0 >= -1, text
        assert box.y1 <= figure.bbox.height + 1, text
    for (a, first), (b, second) in itertools.combinations(boxes, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        # heights are those of the line, with room for letters below it: a little of that may be shared
        assert across <= 2 or down <= 6, f"{a!r} overlaps {b!r}"


def _hidden_ticks(figure):
    """Tick labels outside the limits: they exist and are never drawn."""
    hidden = set()
    for ax in figure.axes:
        if not ax.axison:
            hidden |= {*ax.get_xticklabels(which="both"), *ax.get_yticklabels(which="both")}
        for labels, limits, which in (
            (ax.get_xticklabels(which="both"), ax.get_xlim(), 0),
            (ax.get_yticklabels(which="both"), ax.get_ylim(), 1),
        ):
            hidden |= {t for t in labels if not min(limits) <= t.get_position()[which] <= max(limits)}
    return hidden


@pytest.mark.parametrize("name", GALLERY)
def test_images_are_small_narrow_white_and_the_same_each_time(drawn, name):
    figure, png = drawn(name)
    assert len(png) <= 100_000
    assert figure.get_size_inches()[0] <= WIDTH
    assert png == GALLERY[name]().png()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    corners = [image.getpixel(at) for at in ((0, 0), (image.width - 1, 0), (0, image.height - 1))]
    assert corners == [(255, 255, 255)] * 3
    assert np.asarray(image.convert("L")).mean() > 150, "dark areas would glare when a dark page inverts them"


@pytest.mark.parametrize("name", GALLERY)
def test_every_figure_says_what_it_shows_in_legible_type(drawn, name):
    figure, _ = drawn(name)
    assert figure.alt == plots.describe(figure) == plots.describe(figure.ax)
    assert 30 <= len(figure.alt) <= 1000
    assert figure.alt[0].isupper()
    assert figure.alt.endswith(".")
    assert "  " not in figure.alt
    sizes = [t.get_fontsize() for t in figure.findobj(matplotlib.text.Text) if t.get_text().strip()]
    assert min(sizes) >= 9


def test_alt_text_can_be_given_and_must_not_be_blank():
    figure = _plain()
    assert figure.alt == "A chart of loss against step; train goes from 3 to 1.5."
    assert plots.alt(figure.ax, "  Loss falls\n quickly. ") is figure
    assert plots.describe(figure) == "Loss falls quickly."
    with pytest.raises(ValueError, match="at least one sentence"):
        plots.alt(figure, " ")
    other = Figure()
    plots.alt(other, "Any figure of matplotlib.")
    assert plots.describe(other) == "Any figure of matplotlib."
    assert plots.describe(Figure()) == "An empty figure."


def test_a_cell_stores_image_and_alt_text_once(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **rest: shown.append((data, rest)))
    figure = plots.storage(X)
    figure._ipython_display_()
    [(data, rest)] = shown
    assert data["text/plain"] == figure.alt
    assert data["image/png"].startswith(b"\x89PNG")
    assert rest["raw"]
    assert rest["metadata"]["image/png"]["width"] == round(96 * figure.get_size_inches()[0])


def test_saving_writes_the_whole_file_and_leaves_nothing_else(tmp_path):
    figure = plots.rank()
    path = figure.save(tmp_path / "rank.png")
    assert path.read_bytes() == figure.png()
    assert [p.name for p in tmp_path.iterdir()] == ["rank.png"]
    with pytest.raises(OSError, match="missing"):
        figure.save(tmp_path / "missing" / "rank.png")


def test_no_date_and_no_version_in_the_image():
    image = Image.open(io.BytesIO(plots.rank().png()))
    assert set(image.info) <= {"dpi"}
    assert image.info["dpi"] == pytest.approx((144, 144), abs=0.1)


def _settings():
    return {name: value for name, value in matplotlib.rcParams.items() if name != "backend"}


def test_the_look_is_left_behind_after_its_block():
    before = _settings()
    with plots.style():
        assert matplotlib.rcParams["axes.spines.top"] is False
        assert matplotlib.rcParams["font.size"] == RC["font.size"]
    plots.floats().png()
    assert _settings() == before
    assert isinstance(plots.axes()[1], Axes)


def test_colours_are_legible_and_ordered_in_greyscale():
    assert all(plots.contrast(colour, "#ffffff") >= 3 for name, colour in plots.COLOURS.items() if name != "highlight")
    assert all(plots.contrast(colour, "#ffffff") >= 4.5 for colour in (*DIMS, INK, MUTED, plots.ACCENT))
    assert plots.contrast(MUTED, EMPTY) >= 4.5
    assert len(set(CYCLE)) == len(CYCLE)
    for n in (1, 2, 12, 48):
        shades = plots.palette(n)
        assert len(set(shades)) == n
        assert all(plots.contrast(shade, INK) >= 4.5 for shade in shades)
        light = [plots.contrast(shade, "#000000") for shade in shades]
        assert light == sorted(light, reverse=True)
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert plots.contrast("#000000", "#ffffff") == pytest.approx(21)


def test_axes_refuse_sizes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"width must be above 0 and at most 6\.5 inches"):
        plots.axes(7.0)
