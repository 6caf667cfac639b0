"""Check weights ``pip://NAME``: installed, for this backbone, for this input."""
from collections.abc import Iterator

from mmengine.config import Config
from mmengine.runner import CheckpointLoader

from fcos_mm.config.checks import dry_run
from fcos_mm.config.checks.initialisation import initialisations
from fcos_mm.config.checks.lookup import scope_of
from fcos_mm.config.keys import value_at
from fcos_mm.config.pip_weights import PREFIX, find_pip_weights
from fcos_mm.errors import UserError
from fcos_mm.faults import Note


def pip_weight_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Find weights from packages that cannot be loaded, or do not fit backbone or input."""
    if mode != 'train':
        return
    for key, part, place, init in initialisations(cfg):
        address = init.get('checkpoint')
        if isinstance(address, str) and address.startswith(PREFIX):
            for text in _faults(cfg, key, part, address):
                yield type(text)(f'{place}.checkpoint: {text}')


def _faults(cfg: Config, key: str, part: dict, address: str) -> Iterator[str]:
    try:
        weights = CheckpointLoader.load_checkpoint(address, 'cpu', logger='silent')
    except UserError as error:
        yield str(error)
        return
    known = find_pip_weights(address)
    with dry_run.undisturbed(scope_of(cfg)):
        fits = _fits(part, weights)
    if not fits:
        yield (f'{address} contains weights of a network other than {key}.\n'
               f'Set {_settings(key, known.backbone)}.')
    elif not _has_input(cfg, known.data_preprocessor):
        yield Note(f'{address} was trained on input that differs from this config.\n'
                   f'Set {_settings("model.data_preprocessor", known.data_preprocessor)}.')


def _fits(part: dict, weights: dict) -> bool:
    """Whether the weights set all tensors of a part; True if it cannot be built to ask."""
    if dry_run.component(part) is None:
        return True
    try:
        wanted = dry_run.build(part).state_dict()
    except Exception:  # of any component; the check of shapes or the model's build tells it
        return True
    return all(name in weights and weights[name].shape == tensor.shape
               for name, tensor in wanted.items())


def _has_input(cfg: Config, wanted: dict) -> bool:
    """Whether the data preprocessor has these settings; a tuple is as good as a list."""
    given = value_at(cfg, 'model.data_preprocessor') or cfg.get('data_preprocessor') or {}
    values = {name: given.get(name) for name in wanted}
    return wanted == {name: list(value) if isinstance(value, tuple) else value
                      for name, value in values.items()}


def _settings(key: str, settings: dict) -> str:
    return ', '.join(f'{key}.{name}={value!r}' for name, value in settings.items())
