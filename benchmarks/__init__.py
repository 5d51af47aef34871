"""Measurements run by hand: `python -m benchmarks`, or one alone, such as `python -m benchmarks.search`. They never assert a time."""
