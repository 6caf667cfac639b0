"""From a user's own data and the machine to the config of a training."""
