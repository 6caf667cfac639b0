"""``fcos-mm convert`` for checkpoints: from other implementations and back."""
