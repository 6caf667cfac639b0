"""The benchmark cases, one module for each WHAT of ``bench.py``."""
