"""Going on after an interruption: checkpoints that are whole, and runs that continue to the bit."""
