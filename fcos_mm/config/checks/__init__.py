"""Checks of a resolved config before anything is built."""
