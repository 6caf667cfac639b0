"""`fcos-mm export`: from a model to a checked file."""
