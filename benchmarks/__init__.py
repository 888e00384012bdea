"""Benchmarks: quality and speed, beside the plain way and other libraries."""
