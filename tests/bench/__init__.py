"""Benchmarks: each goal as a ratio to a bare limit measured in the same run. They are not timed tests."""
