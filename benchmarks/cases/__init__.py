"""What is measured, one module for each WHAT of ``bench.py``."""
