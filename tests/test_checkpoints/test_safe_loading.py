"""Checkpoints of mmengine load without running code from the file."""
import os

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.runner import CheckpointLoader

from fcos_mm.checkpoints.trust import trust_checkpoints
from fcos_mm.errors import UserError


class Unknown:
    """Stands for any object that is not a weight."""


class RunsCode:
    def __reduce__(self):
        return os.mkdir, ('made_by_the_checkpoint', )


class AsksForMore:
    """Looks up a method of mmengine's history that gives access to others."""

    def __reduce__(self):
        from mmengine.logging import HistoryBuffer
        return getattr, (HistoryBuffer, '__init__')


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Save an object and load it as mmengine loads a checkpoint."""
    monkeypatch.chdir(tmp_path)

    def save_and_load(content):
        torch.save(content, 'checkpoint.pth')
        return CheckpointLoader.load_checkpoint('checkpoint.pth', 'cpu')
    return save_and_load


def test_what_a_runner_saves(load):
    hub = MessageHub('test_what_a_runner_saves')
    hub.update_scalar('loss', 4.0)
    hub.update_scalar('loss', 2.0)
    hub.update_info('best', np.float64(0.5))
    loaded = load(dict(
        state_dict=dict(weight=torch.ones(2)), message_hub=hub.state_dict(),
        optimizer=torch.optim.SGD([torch.zeros(1)], lr=0.1).state_dict(),
        meta=dict(dataset_meta=dict(classes=('a', 'b')), seed=np.int64(3))))
    history = loaded['message_hub']['log_scalars']['loss']
    assert history.mean() == 3.0 and history.statistics('min') == 2.0
    assert loaded['message_hub']['runtime_info']['best'] == 0.5
    assert loaded['meta'] == dict(dataset_meta=dict(classes=('a', 'b')), seed=3)
    assert loaded['state_dict']['weight'].tolist() == [1, 1]


@pytest.mark.parametrize('dtype', ['bool', 'int32', 'int64', 'uint8', 'float32', 'float64'])
def test_arrays(load, dtype):
    assert load(dict(array=np.ones(3, dtype)))['array'].tolist() == [1, 1, 1]


def test_names_of_numpy_1_and_2():
    allowed = {item[1] for item in torch.serialization.get_safe_globals()
               if isinstance(item, tuple)}
    for module in ('core', '_core'):
        assert f'numpy.{module}.multiarray._reconstruct' in allowed
        assert f'numpy.{module}.multiarray.scalar' in allowed


def test_an_unknown_object_is_refused_by_name(load):
    with pytest.raises(UserError, match=r'checkpoint.pth holds .*Unknown, which is not a weight'):
        load(dict(state_dict={}, extra=Unknown()))


def test_code_in_a_file_does_not_run(load, tmp_path):
    with pytest.raises(UserError, match='mkdir'):
        load(dict(state_dict={}, extra=RunsCode()))
    assert not (tmp_path / 'made_by_the_checkpoint').exists()


def test_only_statistics_are_looked_up(load):
    with pytest.raises(UserError, match='checkpoint.pth'):
        load(dict(state_dict={}, extra=AsksForMore()))


def test_the_user_can_trust_a_file(load):
    trust_checkpoints(True)
    try:
        with pytest.warns(UserWarning, match='checkpoint.pth was loaded with all that is in it'):
            loaded = load(dict(extra=np.complex64(1j)))
    finally:
        trust_checkpoints(False)
    assert loaded['extra'] == 1j


def test_a_variable_is_no_trust(load, monkeypatch):
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    with pytest.raises(UserError, match='add --trust-checkpoint'):
        load(dict(extra=Unknown()))


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match=r'There is no checkpoint .*nowhere.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'nowhere.pth'), 'cpu')


@pytest.mark.parametrize('content', [b'', b'<html>404</html>', None])
def test_a_damaged_file(tmp_path, content):
    path = tmp_path / 'damaged.pth'
    torch.save(dict(state_dict=dict(weight=torch.ones(1000))), path)
    path.write_bytes(path.read_bytes()[:1000] if content is None else content)
    with pytest.raises(UserError, match='damaged.pth is damaged or not a checkpoint'):
        CheckpointLoader.load_checkpoint(str(path), 'cpu')


def test_a_changed_number(tmp_path):
    """torch reads it without a word."""
    path = tmp_path / 'changed.pth'
    torch.save(dict(state_dict=dict(weight=torch.full((1000, ), 7.0))), path)
    seven = torch.tensor(7.0).numpy().tobytes()
    path.write_bytes(path.read_bytes().replace(seven, torch.tensor(9.0).numpy().tobytes(), 1))
    assert torch.load(path)['state_dict']['weight'].max() == 9
    with pytest.raises(UserError, match='changed.pth is damaged .*data/0 in it has changed'):
        CheckpointLoader.load_checkpoint(str(path), 'cpu')
