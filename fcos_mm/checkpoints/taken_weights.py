"""What a model has taken from a checkpoint, in one line; little of it is an error."""
from collections.abc import Mapping

from torch import Tensor, nn

from fcos_mm.checkpoints.weights import fitted
from fcos_mm.errors import UserError

#: The key of a config that lets weights of which most is random pass.
ALLOWED_BY = 'allow_random_weights'

# Other classes leave more than 90 % in place, another neck or head more than 60 %. With less than
# half, the backbone is another one, or the names are.
_SHARE = 0.5
_SHOWN = 4


class TakenWeights:
    """Compares the tensors of a model with those of a checkpoint.

    Args:
        path: The checkpoint, for the messages.
        weights: Its names and tensors.
        model: The model, not wrapped.
    """

    def __init__(self, path: str, weights: Mapping[str, Tensor], model: nn.Module) -> None:
        self.path = path
        self.wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()
                       if not name.endswith('num_batches_tracked')}
        found = fitted(weights, model.state_dict())
        self.found = {name: tuple(found[name].shape) for name in self.wanted
                      if isinstance(found.get(name), Tensor)}
        self.taken = {name for name in self.found if self.found[name] == self.wanted[name]}

    def __str__(self) -> str:
        line = f'taken {len(self.taken)} of {len(self.wanted)} tensors from {self.path}'
        faults = self._not_taken()
        more = f', and {len(faults) - _SHOWN} more' if len(faults) > _SHOWN else ''
        return f'{line}; not taken: {", ".join(faults[:_SHOWN])}{more}' if faults else line

    def check(self) -> None:
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
            'config the checkpoint was trained with.\nWeights of a backbone alone belong into '
            f'model.backbone.init_cfg=dict(type="Pretrained", checkpoint={self.path!r}).\n'
            f'If it is meant to be so: --cfg-options {ALLOWED_BY}=True')

    def _share(self, prefix: str) -> float:
        """The share taken of all names with a prefix, or of all where there is no such name."""
        names = [name for name in self.wanted if name.startswith(prefix)] or list(self.wanted)
        return sum(name in self.taken for name in names) / max(1, len(names))

    def _not_taken(self) -> list[str]:
        """A phrase for each layer of another shape and each part without a name in the file."""
        layers: dict[str, str] = {}
        absent: dict[str, int] = {}
        for name, shape in self.wanted.items():
            if name in self.taken:
                continue
            if name in self.found:
                layers.setdefault(name.rpartition('.')[0], _difference(
                    name, self.found[name], shape))
            else:
                absent[name.partition('.')[0]] = absent.get(name.partition('.')[0], 0) + 1
        return [*(f'{layer.removeprefix("bbox_head.")} ({text})'
                  for layer, text in layers.items()),
                *(f'{part} ({number} not in the file)' for part, number in absent.items())]


def _difference(name: str, found: tuple, wanted: tuple) -> str:
    if 'cls' in name and found[1:] == wanted[1:] and found and wanted:
        return f'{found[0]} classes, now {wanted[0]}'
    return f'{" x ".join(map(str, found))}, now {" x ".join(map(str, wanted))}'
