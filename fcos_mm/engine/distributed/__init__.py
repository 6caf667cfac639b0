"""Several processes: how they end together, and what they share."""
