"""Intact checkpoints, and runs that resume bit for bit."""
