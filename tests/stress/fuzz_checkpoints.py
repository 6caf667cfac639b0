"""Checkpoints that are damaged, changed, or programs of a hostile author."""
import copy
import io
import os
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from fuzz_pickles import programs
from fuzz_tools import NASTY, change, changes, damage, damages, no_code, outcome
from hypothesis import strategies as st
from mmengine.logging import HistoryBuffer
from torch import nn

from fcos_mm.checkpoints.fit import check_checkpoint, read_state_dict
from fcos_mm.checkpoints.weights import fitted, unwrapped

VALUES = (*NASTY, torch.zeros(2, 3), torch.full((3, ), float('nan')), torch.zeros(3).to_sparse(),
          torch.zeros(3, dtype=torch.long), torch.zeros(3, device='meta'), np.ones(3),
          torch.zeros(3, dtype=torch.complex64), np.float64(1), OrderedDict(), torch.Size([4]),
          torch.ones(3), torch.ones(3, dtype=torch.half))
MODEL = nn.Sequential(OrderedDict(conv_cls=nn.Conv2d(2, 3, 1), norm=nn.BatchNorm2d(3)))

WRAPPINGS = (('state_dict', ''), ('model', 'model.'), ('ema_state_dict', 'ema_'), ('x', 'a.b.'))


def cases() -> st.SearchStrategy:
    """Changed, wrapped and damaged files in torch's formats, or programs in the place of one."""
    return programs() | st.tuples(st.booleans(), st.sampled_from(WRAPPINGS),
                                  st.lists(changes(), max_size=2), st.lists(damages(), max_size=2))


def check(case: tuple | bytes, folder: Path) -> str:
    """Refused by name, or the weights that were saved; no code runs.

    Args:
        case: Of :func:`cases`.
        folder: Where the file is written.
    """
    path = str(folder / 'checkpoint.pth')
    if isinstance(case, bytes):
        _save_program(case, path)
        _, said = _loaded(path)
        return said
    new_format, (wrapping, prefix), how, damaged = case
    content = _content()
    content[wrapping] = OrderedDict(
        (f'{prefix}{name}', value) for name, value in content.pop('state_dict').items())
    for one in how:
        change(content, one, VALUES)
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=new_format)
    data = file.getvalue()
    for one in damaged:
        data = damage(data, one)
    Path(path).write_bytes(data)
    weights, said = _loaded(path)
    if said == 'accepted' and (new_format or not damaged):
        content = unwrapped(content)
        saved = fitted(content.get('state_dict', content), MODEL.state_dict())
        assert all(torch.equal(saved[name], value) for name, value in weights.items())
        assert MODEL.load_state_dict(weights, strict=False).unexpected_keys == [
            name for name in weights if name not in MODEL.state_dict()]
    return said


def _loaded(path: str) -> tuple:
    with no_code():
        _, said = outcome(lambda: check_checkpoint(path, MODEL), path)
        if said == 'refused':
            return None, said
        return fitted(read_state_dict(path), MODEL.state_dict()), said


def _content() -> dict:
    history = HistoryBuffer()
    history.update(3.0)
    weights = {name: copy.deepcopy(value) for name, value in MODEL.state_dict().items()}
    return dict(
        state_dict=weights, message_hub=dict(log_scalars=dict(loss=history)),
        meta=dict(epoch=1, iter=2, seed=np.int64(0), dataset_meta=dict(classes=['a', 'b', 'c'])),
        optimizer=dict(state={0: dict(momentum_buffer=torch.ones(3))},
                       param_groups=[dict(lr=0.1, params=[0])]))


def _save_program(program: bytes, path: str) -> None:
    """A file as torch writes it, with another pickle in it."""
    file = io.BytesIO()
    torch.save(dict(weight=torch.ones(3)), file)
    if os.path.exists(path):
        os.remove(path)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(path, 'w') as new:
        for name in old.namelist():
            new.writestr(name, program if name.endswith('data.pkl') else old.read(name))
