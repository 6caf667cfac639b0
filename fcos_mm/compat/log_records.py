"""Log records of mmengine and mmdet that only the log file needs, by where they come from."""
import logging

#: (module, function) that log in bulk.
_BULK = {
    ('runner', '__init__'),  # the hooks
    ('runner', '_log_env'),  # the environment and the config
    ('runner', 'wrap_model'),  # batch norm without several processes
    ('base_module', '_dump_init_info'),  # an entry per parameter
    ('checkpoint_hook', 'before_train'),  # the work dir again
    ('logger', 'print_log'),  # internals of mmengine and mmdet
}
#: Warnings of mmengine about its own code or mmdet's.
_OWN_WARNINGS = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias',
                 'The prefix is not set in metric class DumpDetResults')
#: The name of the experiment; of a checkpoint the runner says what was taken from it.
_REPEATED = ('Exp name', 'Load checkpoint from')


def is_for_the_file_only(record: logging.LogRecord) -> bool:
    """Whether a person at the screen can do without a record; never warnings that concern them."""
    message = record.getMessage()
    if record.levelno == logging.INFO:
        return (record.module, record.funcName) in _BULK or message.startswith(_REPEATED)
    return message.startswith(_OWN_WARNINGS)


#: (module, function) whose lines a progress display shows by itself.
_PROGRESS = {
    ('logger_hook', 'after_train_iter'), ('logger_hook', 'after_val_iter'),
    ('logger_hook', 'after_test_iter'),
    ('checkpoint_hook', 'after_train_iter'), ('checkpoint_hook', 'after_train_epoch'),
    ('checkpoint_hook', '_save_best_checkpoint'),
}


def is_shown_by_progress(record: logging.LogRecord) -> bool:
    """Whether a record says nothing but what a progress display shows."""
    return record.levelno == logging.INFO and (record.module, record.funcName) in _PROGRESS
