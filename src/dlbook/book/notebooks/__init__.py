"""Notebooks of the book: execute and store, harvest, weave, lint, begin a new one, edit one as text."""
