"""Settings of every test: hypothesis draws the same examples each time, and is not timed."""

from hypothesis import settings

settings.register_profile("book", deadline=None, derandomize=True, database=None)
settings.load_profile("book")
