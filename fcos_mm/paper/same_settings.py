"""Check that the run in a folder has the settings that are asked for."""
import copy
import os
from pathlib import Path

from mmengine.config import Config

from fcos_mm.atomic_file import write_text
from fcos_mm.errors import UserError

#: What determines a training's result, beside model and data.
_TRAINING = ('train_cfg', 'optim_wrapper', 'param_scheduler', 'custom_hooks', 'randomness')

#: Settings of a loader that do not change results.
_SPEED = ('num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor')


def write_config(cfg: Config, path: Path, *, tests: bool = False) -> None:
    """Write a config unless a file with other results is there; see :func:`check_config`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    check_config(cfg, path, tests=tests)
    write_text(cfg.pretty_text, path)


def check_config(cfg: Config, path: Path, *, tests: bool = False) -> None:
    """Compare what determines a run's results: model, data, schedule, hooks, seed.

    Raises:
        UserError: If the config differs from that at ``path``, if there is one.
    """
    if not path.is_file():
        return
    present, asked = _what_counts(Config.fromfile(path), tests), _what_counts(cfg, tests)
    if present == asked:
        return
    asked = _what_counts(Config.fromstring(cfg.pretty_text, '.py'), tests)  # as in a file
    differing = [key for key in asked if present[key] != asked[key]]
    if differing:
        raise UserError(
            f'{path.parent} holds a run with other settings than are asked for now: '
            f'{", ".join(differing)}.\nCompare {path} with what you want, then give another '
            '--out or remove the folder.')


def _what_counts(cfg: Config, tests: bool) -> dict[str, object]:
    model = copy.deepcopy(cfg.model)
    start = model.get('backbone', {}).get('init_cfg')
    if start and 'checkpoint' in start:  # runs may be moved together with their backbone
        start.checkpoint = Path(start.checkpoint).name
    if 'ranking' in model:  # of the training that is checked beside
        model.ranking.pop('checkpoint', None)
    counts = dict(model=model, train_dataloader=_data(cfg.train_dataloader),
                  **{key: cfg.get(key) for key in _TRAINING})
    if tests:
        counts['test_dataloader'] = _data(cfg.test_dataloader.dataset)
    return counts


def _data(value: object) -> object:
    """A loader or dataset with absolute folders, without what only changes the speed."""
    if isinstance(value, dict):
        kept = {key: _data(item) for key, item in value.items() if key not in _SPEED}
        if 'data_root' in kept:
            kept['data_root'] = os.path.abspath(kept['data_root'] or '')
        return kept
    if isinstance(value, (list, tuple)):
        return type(value)(_data(item) for item in value)
    return value
