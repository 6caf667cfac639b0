"""Replay a training batch that made a loss or gradient non-finite."""
import argparse
import math
from collections import OrderedDict
from functools import partial

import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from fcos_mm.apis.recorded_config import read_recorded_config
from fcos_mm.checkpoints.safe_loading import load_from_local, trust_checkpoints
from fcos_mm.engine.guards.batch_record import unpack_batch
from fcos_mm.engine.guards.non_finite import non_finite_names
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few
from fcos_mm.registry import MODELS

_MAX_SHOWN = 10  # as many names are shown


def run(args: argparse.Namespace) -> list[dict]:
    """Print and return what :func:`replay` finds."""
    trust_checkpoints(args.trust_checkpoint)
    findings = replay(args.record, args.device)
    for finding in findings:
        print(_text(finding))
    return findings


def replay(path: str, device: str = 'cpu') -> list[dict]:
    """Run the forward and backward pass of every batch in a file of :class:`NonFiniteHook`.

    Returns:
        For each batch ``iteration``, ``losses`` by name, and the names of non-finite ``weights``,
        of ``modules`` with non-finite output, in the order in which they ran, and of parameters
        with non-finite ``gradients``.

    Raises:
        UserError: If the file cannot be used.
    """
    record = _read_record(path)
    cfg = read_recorded_config(record['config'], path)
    init_default_scope(cfg.get('default_scope', 'fcos_mm'))
    findings = []
    for iteration, batch, states in zip(record['iterations'], record['batches'],
                                        record['random_states']):
        try:
            model = revert_sync_batchnorm(MODELS.build(cfg.model))
            model.load_state_dict(record['state_dict'])
            batch = unpack_batch(batch)
            torch.set_rng_state(states['cpu'])
            if device.startswith('cuda') and 'cuda' in states:
                torch.cuda.set_rng_state(states['cuda'])
        except Exception as error:  # whatever a component says to settings of others
            raise UserError(f'{path} cannot be replayed: {error}\nGive a file of '
                            '<work_dir>/non_finite/ written by this version.') from error
        finding = _run(model.to(device).train(), batch, cfg.get('optim_wrapper', {}))
        findings.append(dict(iteration=iteration, weights=non_finite_names(record['state_dict']),
                             **finding))
    return findings


def _read_record(path: str) -> dict:
    match load_from_local(path, map_location='cpu'):
        case {'config': str(), 'iterations': list(), 'batches': list(), 'random_states': list(),
              'state_dict': OrderedDict()} as record:
            return record
    raise UserError(f'{path} contains no batch. Give a file of <work_dir>/non_finite/.')


def _run(model: nn.Module, batch: dict, wrapper: Config) -> dict[str, object]:
    device = next(model.parameters()).device.type
    mixed = str(wrapper.get('type')).endswith('AmpOptimWrapper')
    dtype = getattr(torch, wrapper.get('dtype') or 'float16') if mixed else None
    modules: dict[str, None] = {}  # in order
    for name, module in model.named_modules():
        if not any(module.children()):
            module.register_forward_hook(partial(_note_non_finite, name, modules))
    with torch.autocast(device, dtype=dtype, enabled=mixed):
        losses = model(**model.data_preprocessor(batch, True), mode='loss')
    total, terms = model.parse_losses(losses)
    total.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()
                 if parameter.grad is not None}
    return dict(losses={name: value.item() for name, value in terms.items()},
                modules=list(modules), gradients=non_finite_names(gradients))


def _note_non_finite(name: str, found: dict, module: nn.Module, inputs: tuple, output) -> None:
    if isinstance(output, Tensor) and not output.isfinite().all():
        found[name] = None


def _text(finding: dict) -> str:
    lines = [f"iteration {finding['iteration']}"]
    lines += [f'  {name:24}{value:.6g}' for name, value in finding['losses'].items()]
    for name, what in (('weights', 'non-finite weights'),
                       ('modules', 'modules with non-finite output, in order'),
                       ('gradients', 'parameters with non-finite gradient')):
        lines.append(f"  {what}: {first_few(finding[name], _MAX_SHOWN) or 'none'}")
    if all(map(math.isfinite, finding['losses'].values())) and not finding['gradients']:
        lines.append('  Everything is finite here: try the device of the training (--device).')
    return '\n'.join(lines)
