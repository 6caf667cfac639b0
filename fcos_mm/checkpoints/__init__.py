"""Checkpoints: loaded safely, and whether one fits a model."""
