"""Weights of the code released with the paper, https://github.com/tianzhi0549/FCOS."""
from collections.abc import Mapping

import torch
from torch import Tensor

from fcos_mm.checkpoints.convert.official.names import BODY, HEAD, naming
from fcos_mm.checkpoints.convert.official.network import Network, read_network
from fcos_mm.checkpoints.convert.official.settings import config_of, settings_of
from fcos_mm.checkpoints.convert.renaming import rename
from fcos_mm.checkpoints.convert.source import Converted, Source, Weights
from fcos_mm.errors import UserError

_NAME = 'official'
_EPS = 1e-5  # of the batch norms here
_COCO = 80
_VARIANTS = {
    'plain': "trained as in the paper: files FCOS_R_*, FCOS_X_* and FCOS_*_MNV2_*, configs without "
             'NORM_REG_TARGETS',
    'improved': 'with the improvements: files FCOS_imprv_*, configs with NORM_REG_TARGETS: True '
                'and CENTERNESS_ON_REG: True'}


def _recognise(weights: Weights) -> bool:
    """Its RetinaNet has no center-ness, its Faster R-CNN no towers."""
    return (f'{HEAD}centerness.weight' in weights and f'{HEAD}cls_logits.weight' in weights
            and any(name.startswith(BODY) for name in weights))


def _read(weights: Weights, extra: Mapping, variant: str | None) -> Converted:
    network = read_network(weights)
    improved = _is_improved(variant, network)
    renamed = rename(weights, naming(network.convs), _NAME)
    for name in renamed:
        if name.startswith('bbox_head.scales.') and renamed[name].numel() == 1:
            renamed[name] = renamed[name].reshape(())  # theirs has one dimension
    frozen = network.depth is not None
    return Converted(
        weights=_with_epsilon(renamed) if frozen else renamed,
        config=config_of(network, improved), settings=settings_of(network, improved),
        classes=_class_names(network.classes), notes=_notes(network))


def _is_improved(variant: str | None, network: Network) -> bool:
    if variant in _VARIANTS:
        return variant == 'improved'
    lines = [f'  --variant {name}  {text}' for name, text in _VARIANTS.items()]
    if network.tower_dcn:
        lines.append('All published models with deformable convolutions are improved.')
    what = ('official: the weights do not tell how the outputs are meant.' if variant is None else
            f'official: there is no variant {variant!r}.')
    raise UserError('\n'.join([what, 'Say which:', *lines]))


def _with_epsilon(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same numbers from norms that add an epsilon to the variance; the source's add none.

    ResNets in models of this size differ by 1e-4 otherwise: the published ones have a variance
    of 1 everywhere.
    """
    result = dict(weights)
    for name, variance in weights.items():
        layer, _, kind = name.rpartition('.')
        if kind == 'running_var' and f'{layer}.weight' in weights:
            variance = variance.double()
            factor = ((variance + _EPS) / variance).sqrt()
            scale = weights[f'{layer}.weight']
            result[f'{layer}.weight'] = (scale.double() * factor).to(scale.dtype)
            result[f'{layer}.num_batches_tracked'] = torch.tensor(0)
    return result


def _class_names(number: int) -> tuple[str, ...] | None:
    """None for COCO's, which the config has; the source's checkpoints name no classes."""
    return None if number == _COCO else tuple(f'class {i}' for i in range(1, number + 1))


def _notes(network: Network) -> tuple[str, ...]:
    notes = []
    if network.classes != _COCO:
        notes.append(f'The names of the {network.classes} classes are not part of the weights. '
                     'In the order of the category ids they are class 1, class 2, ..., unless '
                     '--classes names them.')
    if network.depth is None:
        notes.append('Training goes on with BN. The published models with syncbn in their name '
                     'were trained with SyncBN; detections are the same.')
    else:
        notes.append('The batch norms of the source have no epsilon; the weights of ours make up '
                     'for it.')
    if network.depth and network.groups == 1:
        notes.append('Strides are in the 1x1 convolutions of the blocks, as in the published '
                     'ResNets (STRIDE_IN_1X1: True).')
    return tuple(notes)


OFFICIAL = Source(
    name=_NAME, title='tianzhi0549/FCOS, the code released with the paper',
    recognise=_recognise, read=_read, variants=_VARIANTS)
