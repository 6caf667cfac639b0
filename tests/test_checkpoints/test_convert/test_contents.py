"""Files of any trainer: what they wrap weights in, and detectron2's pickles."""
import pickle

import numpy as np
import pytest
import torch

from fcos_mm.checkpoints.convert.contents import read_contents
from fcos_mm.errors import UserError

WEIGHTS = {'a.weight': torch.arange(4.), 'b.bias': torch.ones(2)}


def prefixed(prefix):
    return {prefix + name: value for name, value in WEIGHTS.items()}


@pytest.mark.parametrize('content', [
    WEIGHTS,
    dict(state_dict=WEIGHTS, meta=dict(epoch=3)),
    dict(model=prefixed('module.'), optimizer={}, iteration=90000),
    dict(model={**prefixed('module._orig_mod.')}),
    dict(state_dict=prefixed('model.'), epoch=1),
    dict(state_dict={**WEIGHTS, **{f'ema_{name.replace(".", "_")}': value + 1
                                   for name, value in WEIGHTS.items()}}),
    dict(ema=dict(module={**prefixed('module.'), 'n_averaged': torch.tensor(7)})),
    dict(state_dict=WEIGHTS, ema_state_dict={**prefixed('module.'), 'steps': torch.tensor(3)}),
], ids=['plain', 'mmengine', 'parallel', 'compiled', 'lightning', 'mmdet 2 average', 'average',
        'mmengine average'])
def test_weights_whatever_they_are_wrapped_in(content, tmp_path):
    torch.save(content, tmp_path / 'file.pth')
    found = read_contents(str(tmp_path / 'file.pth')).weights
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_the_rest_is_kept(tmp_path):
    torch.save(dict(state_dict=WEIGHTS, meta=dict(config='a = 1', CLASSES=('cup', ))),
               tmp_path / 'file.pth')
    extra = read_contents(str(tmp_path / 'file.pth')).extra
    assert extra['meta'] == dict(mmdet_2_config='a = 1', CLASSES=('cup', ))


def test_a_pickle_of_arrays(tmp_path):
    arrays = {name: value.numpy() for name, value in WEIGHTS.items()}
    content = dict(model={**arrays, 'x': np.array('text')}, __author__='me')
    (tmp_path / 'zoo.pkl').write_bytes(pickle.dumps(content))
    found = read_contents(str(tmp_path / 'zoo.pkl'))
    assert {name: value.tolist() for name, value in found.weights.items()} == {
        'a.weight': [0, 1, 2, 3], 'b.bias': [1, 1]}
    assert found.extra['__author__'] == 'me'


class Trap:

    def __reduce__(self):
        return print, ('code runs', )


@pytest.mark.parametrize('name', ['trap.pkl', 'trap.pth'])
def test_code_in_a_file_does_not_run(name, tmp_path, capsys):
    path = tmp_path / name
    if name.endswith('.pkl'):
        path.write_bytes(pickle.dumps(dict(model=Trap())))
    else:
        torch.save(dict(state_dict=WEIGHTS, more=Trap()), path)
    with pytest.raises(UserError, match='run code'):
        read_contents(str(path))
    assert capsys.readouterr().out == ''


@pytest.mark.parametrize('content, message', [
    ([torch.ones(2)], 'holds no weights by name, but a list'),
    (dict(meta=dict(epoch=1)), 'contains no weights')])
def test_files_without_weights(content, message, tmp_path):
    torch.save(content, tmp_path / 'file.pth')
    with pytest.raises(UserError, match=message):
        read_contents(str(tmp_path / 'file.pth'))
