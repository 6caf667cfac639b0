"""Suggest what a misspelt name was meant to be."""
from fcos_mm.errors import did_you_mean, nearest

__all__ = ['did_you_mean', 'nearest']
