"""Weights of other implementations of FCOS as checkpoints of this one, and back.

One file for each source; ``recognise.py`` lists them.
"""
