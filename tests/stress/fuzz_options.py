"""Options of the command line whose key is a real one, misspelt, cut or under another parent.

Each is refused with a message that names it, or changes what is read.
"""
import copy
from pathlib import Path

from fuzz_tools import outcome
from hypothesis import strategies as st

from fcos_mm.config import find_config, load_config, merge_options
from fcos_mm.config.keys import dotted_keys
from fcos_mm.config.old_names import OLD_KEYS
from fcos_mm.config.source import read_source

CONFIG = str(Path(__file__).resolve().parents[2] / 'configs/demo/fcos_csp-w25_fpn_shapes.py')
CFG = load_config(CONFIG)
SOURCE = read_source(CONFIG, find_config)
KEYS = sorted({key for key, _ in dotted_keys(CFG)}.union(CFG.keys(), OLD_KEYS))
VALUES = (None, 3, 0.5, 'x', [1], [dict(type='x')])


def cases():
    """A key, changes of it and a value."""
    change = st.tuples(st.sampled_from(('letter', 'twice', 'swap', 'part', 'parent')),
                       st.integers(0, 60), st.integers(0, 60))
    return st.tuples(st.sampled_from(KEYS), st.lists(change, max_size=2), st.sampled_from(VALUES))


def check(case, folder) -> str:
    """Use the option; returns what came of it."""
    key, changes, value = case
    for change in changes:
        key = changed(key, *change)
    cfg = copy.deepcopy(CFG)
    _, result = outcome(lambda: merge_options(cfg, {key: value}, SOURCE), key.split('.')[0],
                        CONFIG)
    if result == 'accepted':
        assert list(dotted_keys(cfg)) != list(dotted_keys(CFG)) or is_there(cfg, key, value), key
    return result


def changed(key: str, how: str, first: int, second: int) -> str:
    """The key with one fault; never empty."""
    at = first % len(key)
    parts = key.split('.')
    if how == 'letter':
        return key[:at] + key[at + 1:] or key
    if how == 'twice':
        return key[:at] + key[at] + key[at:]
    if how == 'swap':
        return key[:at] + key[at:at + 2][::-1] + key[at + 2:]
    if how == 'part':
        return '.'.join(parts[first % len(parts):])
    return '.'.join([KEYS[second % len(KEYS)], *parts[1:]])


def is_there(cfg, key: str, value) -> bool:
    """Whether the option says what holds already, or what takes effect on its own."""
    return dict(dotted_keys(cfg)).get(key, cfg.get(key, ...)) == value
