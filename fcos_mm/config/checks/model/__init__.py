"""Whether the parts of the model fit each other and take their values."""
