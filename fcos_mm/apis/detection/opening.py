"""The one door to a model that detects: trained, or exported to a file."""
from collections.abc import Sequence

from fcos_mm.apis.detection.network import Network
from fcos_mm.apis.named_inputs import check_device
from fcos_mm.apis.trained_model import TrainedModel, find_model
from fcos_mm.checkpoints.fit import read_state_dict
from fcos_mm.detection.exported import (
    ExportedModel,
    ExportedNetwork,
    find_exported,
    is_exported,
    refuse_options,
)


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
    if is_exported(model):
        return find_exported(model, weights, options)
    check_device(device)
    found = find_model(model, weights, options)
    read_state_dict(found.checkpoint)
    return found


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
    if not isinstance(found, ExportedModel):
        return Network(found, **common, **options)
    refuse_options(found.path, options)
    return ExportedNetwork(found, **common)
