"""Internals of mmengine's runner: whether it resumes, and from which checkpoint."""


def is_resuming(runner) -> bool:
    """Whether the runner resumes, and does not only load weights."""
    return runner._resume


def loaded_checkpoint(runner) -> str:
    """The checkpoint that the runner resumes from; its own search takes the last one."""
    return runner._load_from or runner.message_hub.get_info('last_ckpt')
