"""The functions behind the scripts in ``tools/``."""
