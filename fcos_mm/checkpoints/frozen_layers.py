"""Layers that are frozen and were never loaded: they stay random for the whole training.

A frozen layer is one that training does not change: its weights have no gradient, or, of a batch
norm, its statistics are used and not updated. Whether one was loaded is noted where PyTorch
loads. What a module loads in another way, or before it is built, is known from its norm layers,
of which trained ones have other values than new ones.
"""
from collections.abc import Iterator
from itertools import chain

from torch import Tensor, nn

from fcos_mm.checkpoints.fit import ALLOWED_BY
from fcos_mm.errors import UserError

_LOADED = '_fcos_mm_loaded'  # attribute of a module: the names of its tensors that were loaded
_NEW = dict(weight=1, bias=0, running_mean=0, running_var=1)
_SHOWN = 3
# Anything else that is frozen is a scale, a position or the like.
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d,
           nn.ConvTranspose3d)


def note_loading(model: nn.Module) -> None:
    """Note from now on which tensors are loaded into a model, by whatever calls PyTorch.

    Args:
        model: The model.
    """
    for module in model.modules():
        if not hasattr(module, _LOADED):
            setattr(module, _LOADED, set())
            module.register_load_state_dict_pre_hook(_note)


def check_frozen(model: nn.Module) -> None:
    """Make sure that no layer stays random for ever.

    Args:
        model: The model, its weights initialised and loaded; its mode is set to training.

    Raises:
        UserError: If a frozen layer was never loaded. The message has the
            options that let all layers be trained.
    """
    model.train()
    faults: dict[str, list[str]] = {}
    for part, child in model.named_children():
        names = list(_random_and_frozen(child, part))
        if names:
            faults[part] = names
    if not faults:
        return
    names = list(chain(*faults.values()))
    more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
    options = [option for part in faults for option in unfreezing_options(model, part)]
    mend = (f'To train them: --cfg-options {" ".join(options)}' if options else
            'To train them let them have gradients, and batch norms be in training mode.')
    raise UserError(
        f'Frozen layers that were never loaded stay random: {", ".join(names[:_SHOWN])}{more}.\n'
        f'{mend}\nTo load them set model.{next(iter(faults))}.init_cfg=dict(type="Pretrained", '
        'checkpoint=FILE) or load_from=FILE.\n'
        f'If it is meant to be so: --cfg-options {ALLOWED_BY}=True')


def unfreezing_options(model: nn.Module, part: str) -> list[str]:
    """The options under which no layer of a part is frozen, as far as its class has such.

    Args:
        model: The model.
        part: The name of its part, ``'backbone'`` for example.
    """
    module = getattr(model, part, None)
    norm_cfg = getattr(module, 'norm_cfg', None)
    options = []
    if isinstance(getattr(module, 'frozen_stages', None), int) and module.frozen_stages >= 0:
        options.append(f'model.{part}.frozen_stages=-1')
    if getattr(module, 'norm_eval', False):
        options.append(f'model.{part}.norm_eval=False')
    if isinstance(norm_cfg, dict) and norm_cfg.get('requires_grad') is False:
        options.append(f'model.{part}.norm_cfg.requires_grad=True')
    return options


def _random_and_frozen(part: nn.Module, prefix: str) -> Iterator[str]:
    """The names of the layers of a part that are frozen, not loaded, and as they were made."""
    layers = [(name, module) for name, module in part.named_modules(prefix=prefix)
              if _is_frozen(module)]
    if any(_is_norm(module) for _, module in layers):
        yield from (name for name, module in layers if _is_norm(module) and _is_new(module))
    elif not any(getattr(module, _LOADED, ()) for module in part.modules()):
        yield from (name for name, module in layers if isinstance(module, _LAYERS))


def _is_norm(module: nn.Module) -> bool:
    return 'Norm' in type(module).__name__ and any(
        isinstance(getattr(module, name, None), Tensor) for name in _NEW)


def _is_frozen(module: nn.Module) -> bool:
    own = list(module.parameters(recurse=False))
    if isinstance(getattr(module, 'running_mean', None), Tensor) and not module.training:
        return True
    return bool(own) and not any(parameter.requires_grad for parameter in own)


def _is_new(module: nn.Module) -> bool:
    if getattr(module, _LOADED, ()):
        return False
    values = [(getattr(module, name, None), value) for name, value in _NEW.items()]
    return all(bool((tensor == value).all()) for tensor, value in values
               if isinstance(tensor, Tensor))


def _note(module: nn.Module, state_dict, prefix: str, *args) -> None:
    own = chain(module.named_parameters(recurse=False), module.named_buffers(recurse=False))
    getattr(module, _LOADED).update(
        name for name, tensor in own
        if isinstance(state_dict.get(prefix + name), Tensor)
        and state_dict[prefix + name].shape == tensor.shape)
