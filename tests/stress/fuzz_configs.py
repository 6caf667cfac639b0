"""Resolved configs with parts set, deleted, repeated or moved, through the checks before a run."""
import copy
from pathlib import Path

from fuzz_tools import change, changes, outcome
from hypothesis import strategies as st
from mmengine.config import Config

from fcos_mm.config import check_config

_CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
_NAMES = ('demo/fcos_csp-w25_fpn_shapes.py', 'bccd/fcos_r18-half_fpn_scratch_bccd.py')
_TREES = [Config.fromfile(_CONFIGS / name).to_dict() for name in _NAMES]


def cases() -> st.SearchStrategy:
    """A config, what is changed in it, and whether it is to train or to test."""
    return st.tuples(st.sampled_from(range(len(_TREES))),
                     st.lists(changes(), min_size=1, max_size=3),
                     st.sampled_from(['train', 'test']))


def check(case: tuple, folder: Path) -> str:
    """The checks pass or name a section of the config.

    Args:
        case: Of :func:`cases`.
        folder: Not used.
    """
    number, hows, mode = case
    tree = copy.deepcopy(_TREES[number])
    for how in hows:
        change(tree, how)
    cfg = Config({key: value for key, value in tree.items() if isinstance(key, str)})
    _, said = outcome(lambda: check_config(cfg, mode), *_TREES[number], 'config')
    return said
