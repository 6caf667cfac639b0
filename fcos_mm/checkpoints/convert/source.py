"""What a source of weights is, and what converting yields."""
from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor

Weights = Mapping[str, Tensor]


class Converted(NamedTuple):
    """Weights under our names, and the config that they run with.

    Attributes:
        weights: By the names of the model that the config describes.
        config: Name of the shipped config to inherit from.
        settings: What differs from it, nested as in a config. ``_delete_=True`` replaces a dict.
        classes: Class names in the order of the outputs; None for those of the config.
        notes: Lines for the screen: what was assumed, what is not part of the weights.
        left_out: Tensors of the source that have no place in ours, kept for the way back.
    """
    weights: dict[str, Tensor]
    config: str
    settings: dict
    classes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, Tensor] = {}


class Written(NamedTuple):
    """Our weights in the form of a source.

    Attributes:
        weights: By the names of the source.
        extra: What else its checkpoints hold; without anything the file is the weights alone.
        config: The text of its config file; None if it has none.
    """
    weights: dict[str, Tensor]
    extra: dict = {}
    config: str | None = None


class Source(NamedTuple):
    """An implementation of FCOS whose checkpoints can be converted.

    Attributes:
        name: As on the command line: ``'mmdet'``.
        title: For the screen: ``'torchvision fcos_resnet50_fpn'``.
        recognise: Whether weights with these names, without wrapper prefixes, are of this source.
        read: From weights, what else the checkpoint holds (``{'meta': ...}``) and the variant to
            :class:`Converted`; raises UserError for names left over or missing, and for a variant
            that is needed but None.
        variants: What the names of the weights do not tell, by name, with a line of explanation.
        write: From our weights, our whole config and what else our checkpoint holds to
            :class:`Written`; None if there is no way back.
    """
    name: str
    title: str
    recognise: Callable[[Weights], bool]
    read: Callable[[Weights, Mapping, str | None], Converted]
    variants: Mapping[str, str] = {}
    write: Callable[[Weights, Mapping, Mapping], Written] | None = None
