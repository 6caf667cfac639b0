"""``tools/paper.py``: reproduce the paper's tables and figures."""
