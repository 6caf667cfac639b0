"""Whether this process may load checkpoints that can run code."""

_trusted = False


def trust_checkpoints(trusted: bool) -> None:
    """Say whether the user trusts the checkpoints that this process loads.

    Args:
        trusted: True for a file that holds more than weights to be loaded as
            it is, which runs what code is in it.
    """
    global _trusted
    _trusted = trusted


def checkpoints_are_trusted() -> bool:
    """Return what the last call of :func:`trust_checkpoints` said; at first False."""
    return _trusted
