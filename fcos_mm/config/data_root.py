"""Moving the data of a config that has been read."""

_PLACES = ('train_dataloader', 'val_dataloader', 'test_dataloader', 'val_evaluator',
           'test_evaluator')


def set_data_root(cfg, data_root: str) -> None:
    """Let every dataset and metric of a config read from another folder.

    While a config is read, ``data_root`` is copied to where it is used, so
    changing the variable afterwards moves nothing. This replaces the old
    folder wherever a path of the data starts with it.

    Args:
        cfg (Config): A config with ``data_root``; changed in place.
        data_root: The new folder.
    """
    old = cfg.data_root
    for name in _PLACES:
        if cfg.get(name) is not None:
            cfg[name] = _moved(cfg[name], old.rstrip('/'), data_root.rstrip('/'))
    cfg.data_root = data_root


def _moved(value, old: str, new: str):
    """A copy with ``old`` replaced at the start of paths, at any depth."""
    if isinstance(value, dict):
        return type(value)({key: _moved(item, old, new) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(item, old, new) for item in value)
    if isinstance(value, str) and (value == old or value.startswith(f'{old}/')):
        return new + value[len(old):]
    return value
