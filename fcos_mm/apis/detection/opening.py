"""The one door to a model that detects: trained, or exported to a file."""
import os.path as osp
from collections.abc import Sequence

from fcos_mm.apis.detection.exported import ExportedModel, ExportedNetwork
from fcos_mm.apis.detection.network import Network
from fcos_mm.apis.named_inputs import check_device, ending_kind
from fcos_mm.apis.trained_model import TrainedModel, find_model
from fcos_mm.checkpoints.fit import read_state_dict
from fcos_mm.errors import UserError


def find_network(model: str, weights: str | None = None, options: dict | None = None,
                 device: str | None = None) -> TrainedModel | ExportedModel:
    """Find the model that a user means; a trained one is read, so that it can be opened.

    Args:
        model: What :func:`find_model` takes, or a file that ``fcos-mm export`` wrote.
        weights: The checkpoint, if ``model`` is a config.
        options: Settings to change, by dotted keys; not of an exported file.
        device: Of a trained model; that of an exported one is known by its runtime.

    Raises:
        UserError: If there is no such model or device, or an argument does not go with the model.
    """
    if not is_exported(model):
        check_device(device)
        found = find_model(model, weights, options)
        read_state_dict(found.checkpoint)
        return found
    if weights is not None:
        raise UserError(f'{model} contains its weights: leave --weights {weights} out.')
    if options:
        raise UserError(f'{model} contains its settings, and --cfg-options cannot change them.\n'
                        'Export the model with them: fcos-mm export MODEL --cfg-options ...')
    check_exported(model)
    return ExportedModel(model, f'{model} (exported)')


def open_network(found: TrainedModel | ExportedModel, *, device: str | None = None,
                 score_thr: float | str = 'auto', classes: Sequence[str] | str | None = None,
                 tiles: int | None = None, **options) -> Network | ExportedNetwork:
    """Build the network of a model; see ``Network`` and ``ExportedNetwork``.

    Args:
        found: From :func:`find_network`.
        device: None for the best one available, or the CPU for an exported file.
        score_thr: A number, or ``'auto'``.
        classes: Names of the classes to detect; None for all.
        tiles: Side of the tiles in pixels; None for whole images.
        **options: Of ``Network`` alone; those that are None do not count.

    Raises:
        UserError: If the model cannot be used, or an argument does not fit it.
    """
    common = dict(device=device, score_thr=score_thr, classes=classes, tiles=tiles)
    options = {name: value for name, value in options.items() if value is not None}
    if not isinstance(found, ExportedModel):
        return Network(found, **common, **options)
    refuse_options(found.path, options)
    return ExportedNetwork(found, **common)


def refuse_options(path: str, options: dict[str, str]) -> None:
    """Refuse options that change how PyTorch runs a network.

    Raises:
        UserError: If there is one.
    """
    for name, value in options.items():
        kind = ' --format openvino' if value == 'bf16' else ''
        raise UserError(f'--{name} {value}: {path} runs as it was exported.\nExport the model '
                        f'again: fcos-mm export MODEL{kind} --{name} {value}')


def is_exported(model: str) -> bool:
    """Whether a path ends like an exported model.

    Raises:
        UserError: If it is the second file of one.
    """
    stem, ending = osp.splitext(model)
    if ending == '.bin' and osp.isfile(f'{stem}.xml'):
        raise UserError(f'{model} contains only the weights of an exported model.\n'
                        f'Give {stem}.xml.')
    return ending_kind(model) == 'exported model' and not osp.isdir(model)


def check_exported(path: str) -> None:
    """Make sure that an exported model is there.

    Raises:
        UserError: If a file is missing; names it.
    """
    stem, ending = osp.splitext(path)
    for file in (path, *([f'{stem}.bin'] if ending == '.xml' else [])):
        if not osp.isfile(file):
            raise UserError(f'Exported model not found: {file}\nWrite it: fcos-mm export MODEL')
