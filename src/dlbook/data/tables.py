"""The data that scikit-learn carries: six tables and two photographs. Its files come with the library."""

from __future__ import annotations

from dataclasses import dataclass

from dlbook.data.kinds import DataSet, Picture

UCI = "UCI Machine Learning Repository, CC BY 4.0"
CARRIED = "as carried by scikit-learn"
NO_LICENCE = "no licence stated by its authors, carried by scikit-learn (BSD-3-Clause)"


@dataclass(frozen=True)
class Table:
    """What scikit-learn does not say in one line about one of its sets."""

    about: str
    source: str
    options: tuple[tuple[str, object], ...] = ()
    target: str = ""  # name of a regression's target where scikit-learn has none


TABLES = {
    "iris": Table(
        "150 flowers, 4 measures in cm, 3 species",
        f"Fisher, The use of multiple measurements in taxonomic problems (1936); {UCI}, {CARRIED}",
    ),
    "wine": Table(
        "178 wines, 13 chemical measures, 3 growers",
        f"Aeberhard and Forina, Wine (1992); {UCI}, {CARRIED}",
    ),
    "breast_cancer": Table(
        "569 tumours, 30 measures of cell nuclei, malignant or benign",
        f"Wolberg, Mangasarian, Street and Street, Breast Cancer Wisconsin (Diagnostic) (1995); {UCI}, {CARRIED}",
    ),
    "diabetes": Table(
        "442 patients, 10 measures (raw units), progression after a year",
        f"Efron, Hastie, Johnstone and Tibshirani, Least Angle Regression (2004); {NO_LICENCE}",
        # scikit-learn's default is scaled with the statistics of all rows, test rows included
        options=(("scaled", False),),
        target="progression",
    ),
    "linnerud": Table(
        "20 men, 3 exercises, 3 body measures",
        f"Tenenhaus, La régression PLS (1998); {NO_LICENCE}",
    ),
}

DIGITS = "1,797 handwritten digits, 1 x 8 x 8, values 0 to 16"
PHOTOGRAPHS = {
    "china": "a photograph of a temple, 3 x 427 x 640",
    "flower": "a photograph of a flower, 3 x 427 x 640",
}


def table(name: str) -> DataSet:
    """One of `TABLES`: x float32 `(n, features)` in the units of the origin; y as its kind has it (see DataSet)."""
    import sklearn.datasets
    import torch

    about = TABLES[name]
    raw = getattr(sklearn.datasets, f"load_{name}")(**dict(about.options))
    classes = tuple(str(c) for c in raw.target_names) if raw.target.dtype.kind == "i" else ()
    targets = () if classes else (about.target,) if about.target else tuple(raw.target_names)
    return DataSet(
        name,
        x=torch.tensor(raw.data, dtype=torch.float32),
        y=torch.tensor(raw.target, dtype=torch.int64 if classes else torch.float32),
        source=about.source,
        classes=classes,
        features=tuple(str(f) for f in raw.feature_names),
        targets=targets,
    )


def digits() -> DataSet:
    """Handwritten digits: x uint8 `(1797, 1, 8, 8)`, values 0 to 16 (ink in a cell of 4 x 4 pixels); y int64."""
    import sklearn.datasets
    import torch

    raw = sklearn.datasets.load_digits()
    return DataSet(
        "digits",
        x=torch.tensor(raw.images, dtype=torch.uint8).unsqueeze(1),
        y=torch.tensor(raw.target, dtype=torch.int64),
        source="Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, test part (1998); "
        f"{UCI}, {CARRIED}",
        classes=tuple("0123456789"),
    )


def photograph(name: str) -> Picture:
    """One of `PHOTOGRAPHS`: x uint8 `(3, 427, 640)`, contiguous."""
    import sklearn.datasets
    import torch

    pixels = sklearn.datasets.load_sample_image(f"{name}.jpg")  # (H, W, C)
    by = {"china": "danielbuechele", "flower": "vultilion"}[name]
    return Picture(
        name,
        x=torch.tensor(pixels).permute(2, 0, 1).contiguous(),
        source=f"Photograph by {by} (Flickr), CC BY 2.0, {CARRIED}",
    )
