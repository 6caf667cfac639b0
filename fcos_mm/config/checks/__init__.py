"""Whether a resolved config can work, before anything is built."""
