"""Frozen layers that were never loaded: they stay random for the whole training.

Training does not change a frozen layer: its weights have no gradient, or, of a batch norm, its
statistics are not updated. Loading by torch is recorded by a hook. What a module loads in another
way, or before it is built, shows in its norm layers: trained ones have other values than new ones.
"""
from collections.abc import Iterator
from itertools import chain

from torch import Tensor, nn

from fcos_mm.checkpoints.fit import ALLOWED_BY
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few

_LOADED = '_fcos_mm_loaded'  # attribute of a module: the names of its tensors that were loaded
_NEW = dict(weight=1, bias=0, running_mean=0, running_var=1)
_SHOWN = 3
# Anything else that is frozen is a scale, a position or the like.
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d,
           nn.ConvTranspose3d)


def record_loading(model: nn.Module) -> nn.Module:
    """Record from now on which tensors torch loads into a model, and return it."""
    for module in model.modules():
        if not hasattr(module, _LOADED):
            setattr(module, _LOADED, set())
            module.register_load_state_dict_pre_hook(_record)
    return model


def check_frozen(model: nn.Module) -> None:
    """Put a model, its weights loaded, in training mode, and make sure that no layer stays random.

    Raises:
        UserError: If a frozen layer was never loaded. The message has the options that let all
            layers be trained.
    """
    model.train()
    faults = {part: list(_random_and_frozen(child, part)) for part, child in model.named_children()}
    faults = {part: names for part, names in faults.items() if names}
    if not faults:
        return
    names = list(chain(*faults.values()))
    options = [option for part in faults for option in unfreezing_options(model, part)]
    mend = (f'To train them: --cfg-options {" ".join(options)}' if options else
            'To train them, enable their gradients and put their batch norms into training mode.')
    raise UserError(
        f'Frozen layers were never loaded and stay random: {first_few(names, _SHOWN)}.\n'
        f'{mend}\nTo load them set model.{next(iter(faults))}.init_cfg=dict(type="Pretrained", '
        'checkpoint=FILE) or load_from=FILE.\n'
        f'If this is intended: --cfg-options {ALLOWED_BY}=True')


def unfreezing_options(model: nn.Module, part: str) -> list[str]:
    """The options under which no layer of a part, such as ``'backbone'``, is frozen."""
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


def _norm_tensors(module: nn.Module) -> list[tuple[Tensor, int]]:
    """The tensors of a norm layer, with the value that new ones have."""
    tensors = [(getattr(module, name, None), value) for name, value in _NEW.items()]
    return [(tensor, value) for tensor, value in tensors if isinstance(tensor, Tensor)]


def _is_norm(module: nn.Module) -> bool:
    return 'Norm' in type(module).__name__ and bool(_norm_tensors(module))


def _is_new(module: nn.Module) -> bool:
    return not getattr(module, _LOADED, ()) and all(
        bool((tensor == value).all()) for tensor, value in _norm_tensors(module))


def _is_frozen(module: nn.Module) -> bool:
    own = list(module.parameters(recurse=False))
    if isinstance(getattr(module, 'running_mean', None), Tensor) and not module.training:
        return True
    return bool(own) and not any(parameter.requires_grad for parameter in own)


def _record(module: nn.Module, state_dict, prefix: str, *args) -> None:
    own = chain(module.named_parameters(recurse=False), module.named_buffers(recurse=False))
    getattr(module, _LOADED).update(
        name for name, tensor in own
        if isinstance(state_dict.get(prefix + name), Tensor)
        and state_dict[prefix + name].shape == tensor.shape)
