"""What keeps a training from going on with garbage."""
