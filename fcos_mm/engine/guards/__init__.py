"""Guards against non-finite losses and unreadable images."""
