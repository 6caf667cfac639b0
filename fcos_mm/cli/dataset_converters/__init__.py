"""Make and change annotation files."""
