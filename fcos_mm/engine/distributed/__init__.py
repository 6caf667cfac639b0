"""Several processes: how their failures end a run, and what they share."""
