"""The report of a detector: what it learned, where it fails, which threshold to use."""
