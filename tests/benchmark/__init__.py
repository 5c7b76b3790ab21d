"""The benchmark suite: `tests/bench` is its command."""
