"""Checkpoints that are whole, and runs that resume bit for bit."""
