"""Two runs side by side: what ``fcos-mm report --compare`` shows."""
