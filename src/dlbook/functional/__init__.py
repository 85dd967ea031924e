"""The book's equations as pure functions with shaped signatures, a file a topic."""
