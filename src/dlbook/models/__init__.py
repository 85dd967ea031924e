"""One file a model family: a frozen `Config` on top, then the model."""
