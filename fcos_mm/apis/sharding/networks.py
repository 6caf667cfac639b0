"""From a model on one machine to the same network in a worker on another."""
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
from fcos_mm.detection.exported import ExportedModel, ExportedNetwork, refuse_options
from fcos_mm.errors import UserError
from fcos_mm.version import __version__

_PLACES = ('work_dir', 'resume', 'load_from')  # of a config: they change no detection
_BLOCK = 2**20


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """What a worker needs to open a network.

    Attributes:
        model: Config and checkpoint, or an exported file.
        checksum: SHA-256 of the files of :func:`files_of`; '' if there are none.
        score_thr, classes, tiles, precision: See :class:`Network`.
        trusted: Whether the checkpoint may hold more than weights.
        paths: Where the command looks for modules.
        version: Of fcos_mm.
    """
    model: TrainedModel | ExportedModel
    checksum: str
    score_thr: float | str = 'auto'
    classes: tuple[str, ...] | None = None
    tiles: int | None = None
    precision: str | None = None
    trusted: bool = False
    paths: tuple[str, ...] = ()
    version: str = __version__


def spec_of(model: TrainedModel | ExportedModel, *, score_thr: float | str = 'auto',
            classes: Sequence[str] | None = None, tiles: int | None = None,
            precision: str | None = None, trusted: bool = False) -> NetworkSpec:
    """What workers need of a model that this machine has.

    Raises:
        UserError: If a precision is asked of an exported file.
    """
    if isinstance(model, ExportedModel):
        refuse_options(model.path, dict(precision=precision))
        model = model._replace(path=os.path.abspath(model.path))
    elif Path(model.checkpoint).expanduser().is_file():
        model = model._replace(checkpoint=str(Path(model.checkpoint).expanduser().resolve()))
    return NetworkSpec(
        model=model, checksum=checksum_of(files_of(model)), score_thr=score_thr,
        classes=None if classes is None else tuple(classes), tiles=tiles, precision=precision,
        trusted=trusted, paths=tuple(os.path.abspath(path) for path in sys.path))


def files_of(model: TrainedModel | ExportedModel) -> list[Path]:
    """The files with the weights; none if they are at an address."""
    if isinstance(model, ExportedModel):
        path = Path(model.path)
        return [path, *[path.with_suffix('.bin')] * (path.suffix.lower() == '.xml')]
    return [path] if (path := Path(model.checkpoint)).is_file() else []


def config_digest(model: TrainedModel | ExportedModel) -> str:
    """A checksum of the config, without what changes no detection; '' for an exported file."""
    if isinstance(model, ExportedModel):
        return ''
    settings = {key: value for key, value in model.cfg.to_dict().items() if key not in _PLACES}
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=repr).encode()).hexdigest()


def checksum_of(paths: Sequence[Path]) -> str:
    """SHA-256 of files, one after the other; '' if there are none."""
    checksum = hashlib.sha256()
    for path in paths:
        with open(path, 'rb') as file:
            while block := file.read(_BLOCK):
                checksum.update(block)
    return checksum.hexdigest() if paths else ''


def open_network(spec: NetworkSpec, content: Callable[[], Sequence[bytes]], device: str,
                 threads: int | None = None) -> Network | ExportedNetwork:
    """Open the network of another machine's command.

    Args:
        spec: From :func:`spec_of`.
        content: Returns the content of each file; called if this machine does not have them.
        device: Of torch, or of the exported file's runtime.
        threads: Of that runtime; those of torch are not set here.

    Raises:
        UserError: If this machine has another fcos_mm, or lacks modules of the config.
    """
    if spec.version != __version__:
        raise UserError(f'The command is of fcos_mm {spec.version}, a worker has {__version__}.\n'
                        'Install the same on every machine.')
    options = dict(device=device, score_thr=spec.score_thr, classes=spec.classes,
                   tiles=spec.tiles)
    if isinstance(spec.model, ExportedModel):
        kind, options['threads'] = ExportedNetwork, threads
    else:
        kind, options['precision'] = Network, spec.precision
        _import_modules(spec)
    if not spec.checksum or _are_here(spec):
        return kind(spec.model, **options)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return kind(_written(spec.model, Path(folder), content()), **options)


def _import_modules(spec: NetworkSpec) -> None:
    """Import what the config names, from where the command does."""
    sys.path += [path for path in spec.paths if path not in sys.path]
    custom = spec.model.cfg.get('custom_imports')
    try:
        import_modules_from_strings(**custom or {'imports': None})
    except ImportError as error:
        raise UserError(f'A worker cannot import what the config names: {error}\nPut it where '
                        'every machine finds it (PYTHONPATH).') from error
    trust_checkpoints(spec.trusted)


def _are_here(spec: NetworkSpec) -> bool:
    files = files_of(spec.model)
    return all(path.is_file() for path in files) and checksum_of(files) == spec.checksum


def _written(model: TrainedModel | ExportedModel, folder: Path, content: Sequence[bytes]
             ) -> TrainedModel | ExportedModel:
    """The same model with its files in another folder."""
    place = 'path' if isinstance(model, ExportedModel) else 'checkpoint'
    copy = folder / Path(getattr(model, place)).name
    moved = model._replace(**{place: str(copy)})
    copies = files_of(moved) or [copy]
    for path, one in zip(copies, content, strict=True):
        path.write_bytes(one)
    return moved
