"""Trained detectors that others publish: which there are, and their files in a cache."""
