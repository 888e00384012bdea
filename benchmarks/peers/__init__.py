"""Fingerpost beside other libraries: `python -m benchmarks.peers`.

Each system is a module that runs in an environment of its own, so nothing is imported here.
"""
