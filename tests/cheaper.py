"""What every test process does once only, or not at all, because it takes longer than the tests."""
import copy
import functools
import gc
import re
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from yapf.yapflib import yapf_api

from fcos_mm.config.checks import dry_run, model_shapes

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope='module', autouse=True)
def short_collections():
    """mmengine collects garbage for each dataset, among all that the tests have imported."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope='session', autouse=True)
def plain_text():
    """yapf formats the text of a config longer than a tiny network trains; it is Python before."""
    def assignments(text, **style):
        return re.sub(r'^(\w+)=', r'\1 = ', text, flags=re.MULTILINE) + '\n', True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yapf_api, 'FormatCode', assignments)
        yield


@pytest.fixture(scope='session', autouse=True)
def shipped_configs_read_once():
    """mmengine needs longer for the files of a config than a tiny network for a step."""
    read, known, depth = Config._file2dict, {}, 0

    @functools.wraps(read)
    def read_once(filename, use_predefined_variables=True, use_environment_variables=True,
                  lazy_import=None):
        nonlocal depth
        path = Path(filename).expanduser().absolute()
        words = use_predefined_variables, use_environment_variables, lazy_import
        # a fragment differs as a base, and settings are applied once the module is imported
        key = (path, words, depth > 0, 'fcos_mm.config.settings' in sys.modules)
        if key in known:
            return copy.deepcopy(known[key])
        depth += 1
        try:
            result = read(filename, *words)
        finally:
            depth -= 1
        if ROOT / 'configs' in path.parents:
            known[key] = copy.deepcopy(result)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Config, '_file2dict', staticmethod(read_once))
        yield


@pytest.fixture(scope='session', autouse=True)
def checked_once():
    """The checks run a model without memory, which takes longer than a step of a tiny one."""
    check, run, sound, made = model_shapes._check_detector, dry_run.run, set(), {}

    def check_detector(key, model, mode, faults):
        name, before = repr((key, model, mode)), len(faults.messages)
        if name not in sound:
            check(key, model, mode, faults)
            if len(faults.messages) == before:
                sound.add(name)

    def run_part(cfg, levels=None):
        name = repr((cfg, levels))
        levels, error = made[name] if name in made else run(cfg, levels)
        if error is None:
            made[name] = levels, None
        return levels, error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_shapes, '_check_detector', check_detector)
        patch.setattr(dry_run, 'run', run_part)
        yield
