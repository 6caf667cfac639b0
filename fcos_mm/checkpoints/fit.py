"""Does a checkpoint fit a model, and what did the model take from it.

mmengine loads what fits and warns about the rest: another model would be tested on random weights.
"""
import re
from collections import Counter
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from fcos_mm.checkpoints.class_rows import ClassRows
from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.checkpoints.weights import fitted
from fcos_mm.compat.modules import inner_model
from fcos_mm.errors import UserError, first_line
from fcos_mm.faults import first_few

#: The key of a config that allows a training to start from mostly random weights.
ALLOWED_BY = 'allow_random_weights'

# Other classes leave more than 90 % in place, another neck or head more than 60 %. With less than
# half, the backbone is another one, or the names are.
_SHARE = 0.5
_SHOWN = 5
_SHOWN_PHRASES = 4
_SHOWN_CLASSES = 8
_OTHER_CLASSES = 'see num_classes of the head.'


def read_state_dict(path: str) -> dict[str, Tensor]:
    """Read the weights in a checkpoint, on the CPU; ``module.`` of a wrapped model is removed.

    Args:
        path: A file, or an address that mmengine can load.

    Raises:
        UserError: If the file is missing or not a checkpoint.
    """
    try:
        checkpoint = read_checkpoint(path)
    except UserError:
        raise
    except Exception as error:  # of the network, the address, the format
        reason = first_line(error)
        raise UserError(f'Checkpoint {path} cannot be loaded: {reason}\n'
                        'Give a .pth file written by tools/train.py.') from error
    weights = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else {}
    weights = weights if isinstance(weights, dict) else {}
    weights = {re.sub(r'^module\.', '', str(name)): value
               for name, value in weights.items() if isinstance(value, Tensor)}
    if not weights:
        raise UserError(f'{path} contains no weights.\nGive a .pth file written by training.')
    _check_meta(path, checkpoint)
    return weights


def check_checkpoint(path: str, model: nn.Module, other_classes: str = _OTHER_CLASSES) -> None:
    """Make sure that a checkpoint sets every weight of the model, wrapped or not.

    Args:
        path: A file, or an address that mmengine can load.
        model: The model.
        other_classes: What to do about another number of classes.

    Raises:
        UserError: If it cannot be read or does not fit; see :meth:`TakenWeights.check_all`.
    """
    TakenWeights(path, read_state_dict(path), model).check_all(other_classes)


class TakenWeights:
    """What a model takes from a checkpoint; as text, a line, and one for what it does not take.

    Args:
        path: The checkpoint.
        weights: What it holds.
        model: The model, wrapped or not.
        rows: What the classifier takes, if the classes are others.
    """

    def __init__(self, path: str, weights: Mapping[str, Tensor], model: nn.Module,
                 rows: ClassRows | None = None) -> None:
        self.path, self.rows = path, rows
        wanted = inner_model(model).state_dict()
        found = fitted(weights, wanted)
        self.tensors = {name: found[name] if isinstance(found.get(name), Tensor) else None
                        for name in wanted}
        # batches are counted since PyTorch 0.4.1; older checkpoints have no such entry
        self.wanted = {name: tuple(value.shape) for name, value in wanted.items()
                       if not name.endswith('num_batches_tracked')}
        self.found = {name: tuple(self.tensors[name].shape) for name in self.wanted
                      if self.tensors[name] is not None}
        self.partly = rows.tensors if rows and rows.new else ()
        self.not_taken = [name for name in self.wanted
                          if self.found.get(name) != self.wanted[name] or name in self.partly]

    def __str__(self) -> str:
        number = len(self.wanted) - len(self.not_taken)
        phrases = self._phrases()
        kept = self.rows.kept if self.rows else ()
        return (f'taken {number} of {len(self.wanted)} tensors from {self.path}'
                + (', rows of classes ' * bool(kept)) + first_few(kept, _SHOWN_CLASSES)
                + ('\nnot taken: ' * bool(phrases)) + first_few(phrases, _SHOWN_PHRASES))

    def check_all(self, other_classes: str = _OTHER_CLASSES) -> None:
        """Make sure that every weight of the model comes from the checkpoint.

        Raises:
            UserError: If a weight is missing, of another shape, or not a finite number.
        """
        if self.not_taken:
            raise UserError(self._describe(other_classes))
        broken = [name for name, value in self.tensors.items()
                  if value is not None and not _is_finite(value)]
        if broken:
            raise UserError(
                f'Checkpoint {self.path}: {len(broken)} of {len(self.tensors)} entries hold NaN, '
                f'infinity or no numbers, first {broken[0]}. The training had diverged, or '
                'the file is damaged: use an earlier checkpoint.')

    def check_most(self) -> None:
        """Make sure that the model starts from the checkpoint and not from random weights.

        Raises:
            UserError: If less than half of all tensors, or of those of the
                backbone, were taken, except a backbone that is whole.
        """
        backbone = self._share('backbone.')
        if backbone == 1 or min(self._share(''), backbone) >= _SHARE:
            return
        raise UserError(
            f'load_from: {self}.\n'
            'Most of the model, or of its backbone, would start from random weights: use the '
            'config the checkpoint was trained with.\nWeights of a backbone alone belong in '
            f'model.backbone.init_cfg=dict(type="Pretrained", checkpoint={self.path!r}).\n'
            f'If this is intended: --cfg-options {ALLOWED_BY}=True')

    def _share(self, prefix: str) -> float:
        """The share taken of all names with a prefix, or of all where there is no such name."""
        names = [name for name in self.wanted if name.startswith(prefix)] or list(self.wanted)
        return 1 - len({*names} & {*self.not_taken}) / max(1, len(names))

    def _phrases(self) -> list[str]:
        """A phrase for each layer of another shape and each part without a name in the file."""
        layers, absent = {}, Counter()
        for name in self.not_taken:
            layer = name.rpartition('.')[0].removeprefix('bbox_head.')
            if name in self.partly:
                layers[layer] = f'rows of classes {first_few(self.rows.new, _SHOWN_CLASSES)}'
            elif name in self.found:
                layers.setdefault(layer, _difference(name, self.found[name], self.wanted[name]))
            else:
                absent[name.partition('.')[0]] += 1
        return [*(f'{layer} ({text})' for layer, text in layers.items()),
                *(f'{part} ({number} not in the file)' for part, number in absent.items())]

    def _describe(self, other_classes: str) -> str:
        lines = [f'Checkpoint {self.path} does not fit the model: {len(self.not_taken)} of '
                 f'{len(self.tensors)} entries differ.']
        lines += [f'  {name}: the model has {self.wanted[name]}, the checkpoint '
                  f'{self.found.get(name, "nothing of this name")}'
                  for name in self.not_taken[:_SHOWN]]
        lines += ['  ...'] * (len(self.not_taken) > _SHOWN)
        lines.append('Use the config the checkpoint was trained with.')
        classes = [name for name in self.not_taken if 'conv_cls' in name and self.found.get(name)]
        if classes:
            (found, *rest), (wanted, *same) = self.found[classes[0]], self.wanted[classes[0]]
            if rest == same:
                lines.append(f'It was trained for {found} classes and the config says {wanted}: '
                             f'{other_classes}')
        return '\n'.join(lines)


def _is_finite(value: Tensor) -> bool:
    plain = value.layout == torch.strided and not value.is_meta and not value.is_quantized
    return plain and not value.is_complex() and bool(value.isfinite().all())


def _check_meta(path: str, checkpoint: dict) -> None:
    """What else is read from a checkpoint must be what it should be."""
    meta = checkpoint.get('meta', {})
    dataset = meta.get('dataset_meta', {}) if isinstance(meta, dict) else None
    classes = dataset.get('classes', ()) if isinstance(dataset, dict) else None
    if not isinstance(classes, (list, tuple)) or not all(
            isinstance(name, str) for name in [*classes, *dataset]):
        raise UserError(f"{path}: its 'meta' is not that of a training.\n"
                        'Give a .pth file written by tools/train.py.')


def _difference(name: str, found: tuple, wanted: tuple) -> str:
    if 'cls' in name and found[1:] == wanted[1:] and found and wanted:
        return f'{found[0]} classes, now {wanted[0]}'
    return f'{" x ".join(map(str, found))}, now {" x ".join(map(str, wanted))}'
