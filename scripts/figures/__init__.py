"""The figures of `scripts/bench.py`, by room."""
