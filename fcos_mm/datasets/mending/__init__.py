"""Copies of annotation files in which what has one remedy is mended."""
