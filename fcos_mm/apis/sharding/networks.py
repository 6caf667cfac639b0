"""From a trained model on one machine to the same network in a worker on another."""
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.utils import import_modules_from_strings

from fcos_mm.apis.detection.network import Network
from fcos_mm.apis.trained_model import TrainedModel
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.errors import UserError
from fcos_mm.version import __version__

_PLACES = ('work_dir', 'resume', 'load_from')  # of a config: they change no detection
_BLOCK = 2**20


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """What a worker needs to open a network.

    Attributes:
        model: Config and checkpoint.
        checksum: SHA-256 of the checkpoint's file; '' if it is an address.
        score_thr, classes, tiles, precision: See :class:`Network`.
        trusted: Whether the checkpoint may hold more than weights.
        paths: Where the command looks for modules.
        version: Of fcos_mm.
    """
    model: TrainedModel
    checksum: str
    score_thr: float | str = 'auto'
    classes: tuple[str, ...] | None = None
    tiles: int | None = None
    precision: str | None = None
    trusted: bool = False
    paths: tuple[str, ...] = ()
    version: str = __version__


def spec_of(model: TrainedModel, *, score_thr: float | str = 'auto',
            classes: Sequence[str] | None = None, tiles: int | None = None,
            precision: str | None = None, trusted: bool = False) -> NetworkSpec:
    """What workers need of a model that this machine has."""
    path = Path(model.checkpoint).expanduser()
    model = model._replace(checkpoint=str(path.resolve()) if path.is_file() else model.checkpoint)
    return NetworkSpec(
        model=model, checksum=checksum_of(path) if path.is_file() else '', score_thr=score_thr,
        classes=None if classes is None else tuple(classes), tiles=tiles, precision=precision,
        trusted=trusted, paths=tuple(os.path.abspath(path) for path in sys.path))


def config_digest(model: TrainedModel) -> str:
    """A checksum of the config, without what changes no detection."""
    settings = {key: value for key, value in model.cfg.to_dict().items() if key not in _PLACES}
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=repr).encode()).hexdigest()


def checksum_of(path: Path) -> str:
    """SHA-256 of a file."""
    checksum = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(_BLOCK):
            checksum.update(block)
    return checksum.hexdigest()


def open_network(spec: NetworkSpec, content: Callable[[], bytes], device: str) -> Network:
    """Open the network of another machine's command.

    Args:
        spec: From :func:`spec_of`.
        content: Returns the checkpoint's file; called if this machine does not have it.
        device: Of torch.

    Raises:
        UserError: If this machine has another fcos_mm, or lacks modules of the config.
    """
    if spec.version != __version__:
        raise UserError(f'The command is of fcos_mm {spec.version}, a worker has {__version__}.\n'
                        'Install the same on every machine.')
    sys.path += [path for path in spec.paths if path not in sys.path]
    custom = spec.model.cfg.get('custom_imports')
    try:
        import_modules_from_strings(**custom or {'imports': None})
    except ImportError as error:
        raise UserError(f'A worker cannot import what the config names: {error}\nPut it where '
                        'every machine finds it (PYTHONPATH).') from error
    trust_checkpoints(spec.trusted)
    path = Path(spec.model.checkpoint)
    options = dict(device=device, score_thr=spec.score_thr, classes=spec.classes,
                   tiles=spec.tiles, precision=spec.precision)
    if not spec.checksum or path.is_file() and checksum_of(path) == spec.checksum:
        return Network(spec.model, **options)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        copy.write_bytes(content())
        return Network(spec.model._replace(checkpoint=str(copy)), **options)
