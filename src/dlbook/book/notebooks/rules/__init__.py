"""The rules of the lint, by what they look at. Each module enters its rules into the table when it is imported."""
