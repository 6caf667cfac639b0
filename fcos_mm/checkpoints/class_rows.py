"""Weights of other classes: the rows of a classifier follow the names of their classes.

A class predictor has rows of its own for each class. Where a training starts from a checkpoint of
other classes, the rows of a class that both know are those of the checkpoint; the others keep the
model's own initialisation, the prior in their bias included.
"""
import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fcos_mm.checkpoints.weights import STATE_DICT, fitted
from fcos_mm.compat.modules import inner_model
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few

# Layers with rows for each class, as mmdet names them. An RPN tells objects from background.
_CLASSIFIER = re.compile(r'(?!rpn_head\.).*(_cls|_logits|fc_reg)(\.\d+)?\.(weight|bias)')
_SIDES = 4  # numbers of a box, the rows of a class in fc_reg
_SHOWN = 4


@dataclass(frozen=True)
class ClassRows:
    """What a classifier takes from a checkpoint of other classes.

    Attributes:
        kept: The classes whose rows are taken.
        new: The classes that the checkpoint does not know.
        tensors: The names of the classifier's tensors.
    """

    kept: tuple[str, ...]
    new: tuple[str, ...]
    tensors: frozenset[str]


def classes_in(checkpoint: Mapping) -> tuple[str, ...] | None:
    """The names of the classes that a checkpoint was trained for, if it has them."""
    meta = checkpoint.get('meta') or {}
    dataset = meta.get('dataset_meta') or {}
    names = dataset.get('classes') or dataset.get('CLASSES') or meta.get('CLASSES')
    return tuple(names) if names and isinstance(names, (list, tuple)) else None


def check_classes(path: str, checkpoint: Mapping, classes: Sequence[str]) -> None:
    """Make sure that a training which resumes has the classes of the checkpoint, in their order.

    Raises:
        UserError: If it has others.
    """
    found = classes_in(checkpoint)
    if found not in (None, tuple(classes)):
        raise UserError(
            f'{path} was trained for other classes: {first_few(found, _SHOWN)}; the data now have '
            f'{first_few(classes, _SHOWN)}. A run resumes only with the classes it started with.\n'
            f'To train from these weights start a new run: --load-from {path}, without --resume.')


def keep_rows(checkpoint: dict, model: nn.Module, classes: Sequence[str]) -> ClassRows | None:
    """Let the classifier's weights in a checkpoint fit the classes of a model.

    Sets ``checkpoint['state_dict']``; the tensors themselves are not changed.

    Args:
        checkpoint: It may hold nothing but weights, and then names no classes.
        model: The model, wrapped or not, initialised.
        classes: The names of its classes, in the order of their rows.

    Returns:
        None if the classes are the same, the checkpoint does not name them, or no layer of the
        model has rows for each of them.
    """
    found, wanted = classes_in(checkpoint), inner_model(model).state_dict()
    if found in (None, tuple(classes)):
        return None
    weights = copy.copy(fitted(checkpoint.get(STATE_DICT, checkpoint), wanted))
    pairs = [(row, found.index(name)) for row, name in enumerate(classes) if name in found]
    names = []
    for name in filter(_CLASSIFIER.fullmatch, wanted):
        rows = _rows(name, weights.get(name), wanted[name], len(found), len(classes))
        if rows is None:
            continue
        names.append(name)
        old, new = rows
        target, source = wanted[name].detach().cpu().clone(), weights.pop(name)
        background = [(-1, -1)] * (len(new) > len(classes))
        for row, other in [*pairs, *background]:
            target[new[row]] = source[old[other]].to(target)
        if pairs:
            weights[name] = target
    if not names:
        return None
    checkpoint[STATE_DICT] = weights
    return ClassRows(kept=tuple(classes[row] for row, _ in pairs),
                     new=tuple(name for name in classes if name not in found),
                     tensors=frozenset(names))


def _rows(name: str, old: Tensor | None, new: Tensor, num_old: int,
          num_new: int) -> tuple[Tensor, Tensor] | None:
    """The rows of each class, ``(classes, rows of a class)``, before and now; None: no classifier.

    They are those of several anchors, each with all classes; or, in ``fc_reg``, four for each
    class; or one for each class and one for the background, the last.
    """
    if not isinstance(old, Tensor) or old.shape[1:] != new.shape[1:]:
        return None
    for layout in (_four_a_class, ) if 'fc_reg' in name else (_all_for_each_anchor, _background):
        before, now = layout(len(old), num_old), layout(len(new), num_new)
        if before is not None and now is not None and before.shape[1] == now.shape[1]:
            return before, now
    return None


def _all_for_each_anchor(rows: int, classes: int) -> Tensor | None:
    return None if rows % classes else torch.arange(rows).view(-1, classes).T


def _background(rows: int, classes: int) -> Tensor | None:
    return torch.arange(rows)[:, None] if rows == classes + 1 else None


def _four_a_class(rows: int, classes: int) -> Tensor | None:
    return torch.arange(rows).view(classes, _SIDES) if rows == classes * _SIDES else None
