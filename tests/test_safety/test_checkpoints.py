"""No checkpoint runs code, however it is written and by whichever way it is loaded."""
import io
import pickle
import shutil
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader, load_checkpoint
from mmengine.runner import checkpoint as mmengine_checkpoint

from fcos_mm.checkpoints.fit import read_state_dict
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.errors import UserError

from .conftest import ATTACKS, WRAPPINGS, Call


@pytest.fixture(autouse=True)
def no_trust(monkeypatch):
    """Variables that torch obeys do not open the door."""
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    trust_checkpoints(False)
    yield
    trust_checkpoints(False)


@pytest.mark.parametrize('attack', ATTACKS)
def test_the_files_are_dangerous(hostile_file, marker, attack):
    """The attacks of these tests work where nothing is done against them."""
    content = ATTACKS[attack](str(marker))
    try:
        pickle.loads(pickle.dumps(content, 2))
    except (AttributeError, TypeError):
        pass  # of what the function returned, after it ran
    assert marker.is_dir()


@pytest.mark.parametrize('wrapping', WRAPPINGS)
@pytest.mark.parametrize('attack', ATTACKS)
def test_code_does_not_run(hostile_file, marker, attack, wrapping):
    path = hostile_file(attack, wrapping)
    with pytest.raises(UserError, match='stranger.pth'):
        CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')
    assert not marker.exists()


@pytest.mark.parametrize('place', [
    lambda content: dict(state_dict=dict(weight=content)),
    lambda content: dict(state_dict={}, meta=dict(dataset_meta=content)),
    lambda content: dict(state_dict={}, message_hub=dict(log_scalars=dict(loss=content))),
    lambda content: dict(state_dict={}, optimizer=dict(param_groups=[(1, [content])])),
], ids=['weights', 'meta', 'message hub', 'optimizer'])
@pytest.mark.parametrize('attack', ['os.system', 'chain of getattr', 'storage of a tensor'])
def test_code_anywhere_in_a_checkpoint(hostile_file, marker, attack, place):
    path = hostile_file(attack, place=place)
    with pytest.raises(UserError, match='stranger.pth .*--trust-checkpoint'):
        read_state_dict(str(path))
    assert not marker.exists()


@pytest.mark.parametrize('wrapping', ['zip', 'legacy', 'zip in a zip', 'pickle 2'])
@pytest.mark.parametrize('address', ['https://example.org/stranger.pth',
                                     'torchvision://resnet50', 'openmmlab://resnet50'])
def test_code_from_an_address(hostile_file, marker, wrapping, address, monkeypatch, tmp_path):
    path = hostile_file('os.mkdir', wrapping)
    zoo = dict(resnet50='https://example.org/stranger.pth')
    monkeypatch.setattr(mmengine_checkpoint, 'get_torchvision_models', lambda: zoo)
    monkeypatch.setattr(mmengine_checkpoint, 'get_external_models', lambda: zoo)
    monkeypatch.setattr(mmengine_checkpoint, 'get_deprecated_model_names', dict)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    monkeypatch.setattr(torch.hub, 'download_url_to_file',
                        lambda url, target, *rest, **more: shutil.copy(path, target))
    with pytest.raises(UserError, match='https://example.org/stranger.pth'):
        CheckpointLoader.load_checkpoint(address, 'cpu', logger='silent')
    assert not marker.exists()


def test_weights_from_an_address(monkeypatch, tmp_path):
    torch.save(dict(state_dict=dict(weight=torch.ones(2))), tmp_path / 'kept.pth')
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    monkeypatch.setattr(torch.hub, 'download_url_to_file',
                        lambda url, target, *rest, **more: shutil.copy(
                            tmp_path / 'kept.pth', target))
    weights = read_state_dict('https://example.org/a.pth')
    assert weights['weight'].tolist() == [1, 1]


def test_the_second_try_of_onedl_mmengine(hostile_file, marker):
    with open(hostile_file('os.mkdir'), 'rb') as file, pytest.raises(UserError):
        mmengine_checkpoint._safe_torch_load(io.BytesIO(file.read()), 'cpu')
    assert not marker.exists()


def test_pretrained_weights_of_a_config(hostile_file, marker):
    model = BaseModule(init_cfg=dict(type='Pretrained', checkpoint=str(hostile_file('os.system'))))
    with pytest.raises(UserError, match='stranger.pth holds posix.system'):
        model.init_weights()
    assert not marker.exists()


def test_mmengines_function(hostile_file, marker):
    with pytest.raises(UserError, match='stranger.pth'):
        load_checkpoint(torch.nn.Linear(1, 1), str(hostile_file('eval')))
    assert not marker.exists()


def test_a_file_that_the_user_trusts(hostile_file, marker):
    path = hostile_file('os.mkdir', place=lambda content: dict(a=torch.ones(1), b=content))
    trust_checkpoints(True)
    with pytest.warns(UserWarning, match='stranger.pth was loaded without restrictions'):
        assert read_state_dict(str(path))['a'].item() == 1
    assert marker.is_dir()


def test_old_versions_of_torch_load_nothing_without_trust(tmp_path, monkeypatch):
    torch.save(dict(weight=torch.ones(1)), tmp_path / 'a.pth')
    monkeypatch.setattr(torch, '__version__', '2.5.1')
    with pytest.raises(UserError, match='PyTorch 2.5.1 cannot load .*a.pth safely'):
        read_state_dict(str(tmp_path / 'a.pth'))


def test_torchscript_is_a_program(tmp_path):
    path = tmp_path / 'script.pth'
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), str(path))
    with pytest.raises(UserError, match='script.pth is in TorchScript format, which could run'):
        read_state_dict(str(path))


def test_the_text_of_a_config_is_kept_where_nothing_runs_it(tmp_path, marker):
    """mmengine would run ``meta['config']`` to resume."""
    text = f'import os; os.mkdir({str(marker)!r})'
    torch.save(dict(state_dict=dict(a=torch.ones(1)), meta=dict(config=text, epoch=1, iter=1)),
               tmp_path / 'a.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'), 'cpu', logger='silent')
    assert loaded['meta'] == dict(epoch=1, iter=1, mmdet_2_config=text)
    assert not marker.exists()


class Impostor(OrderedDict):
    """An OrderedDict in the file that says where in memory its numbers are."""

    def __reduce__(self):
        interface = dict(data=(8, False), shape=(1, ), typestr='<f8', version=3)
        return OrderedDict, (), {'__array_interface__': interface}


class Fields:
    """A type of numbers that says that it has fields; they could be objects."""

    def __reduce__(self):
        return np.dtype, ('f8', False, True), (
            3, '<', None, ('a', ), {'a': (np.dtype('f8'), 0)}, 8, 8, 0)


class Filled:
    """An array at an address that the file chooses."""

    def __reduce__(self):
        return np._core.multiarray._reconstruct, (np.ndarray, (0, ), b'b'), (
            1, (1, ), Fields(), False, b'ABCDEFGH')


def history(**state) -> HistoryBuffer:
    """A history that holds something else than arrays of numbers."""
    arrays = dict(_log_history=np.ones(2), _count_history=np.ones(2))
    made = HistoryBuffer()
    made.__getstate__ = lambda: dict(arrays, max_length=10) | state
    return made


@pytest.mark.parametrize('content, words', [
    (Impostor(), 'pretends to be another'),
    (dict(a=Impostor()), 'pretends to be another'),
    (Filled(), 'arrays with fields'),
    (Call(np.ndarray, (1, ), 'O'), 'operations that no checkpoint needs|damaged'),
    (np.array([None]), "arrays of 'O8'"),
    (np.zeros(1, 'f4,f4'), "arrays of 'V8'"),
    (np.dtype('O'), "arrays of 'O8'"),
    (dict(forward=torch._utils._rebuild_tensor_v2), 'which is not data'),
    (HistoryBuffer, 'which is not data'),
    (history(_log_history=[1, 2]), 'two lists of numbers'),
    (history(_log_history=Impostor()), 'two lists of numbers'),
    (history(statistics_methods=dict(mean=HistoryBuffer.min)), "statistic 'mean'"),
    (history(update=3), 'keys of other things'),
    (Call(HistoryBuffer, [Impostor()], [1]), 'damaged'),
])
def test_what_would_fool_numpy_or_mmengine(tmp_path, content, words):
    torch.save(dict(state_dict={}, extra=content), tmp_path / 'a.pth')
    with pytest.raises(UserError, match=f'a.pth.*({words})'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'), 'cpu', logger='silent')


def test_what_fools_numpy_ends_the_process():
    """Why NumPy's own types may not be restored: this reads at an address of the file's choice."""
    code = ("import numpy as np; d = np.dtype('f8', False, True);"
            "d.__setstate__((3, '<', None, ('a',), {'a': (np.dtype('O'), 0)}, 8, 8, 0));"
            "a = np.ndarray((0,)); a.__setstate__((1, (1,), d, False, b'ABCDEFGH')); print(a['a'])")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True)
    if done.returncode == 0 or b'Error' in done.stderr:
        pytest.skip('this NumPy refuses it')
    assert done.returncode < 0


@pytest.mark.parametrize('array', [
    np.arange(6.).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.array([1, 2], '>i4'), np.array([True, False]), np.array(['a', 'bcd']), np.zeros((0, 3)),
    np.array(2.5), np.arange(2000, dtype=np.float16), np.ones(3, 'float32'), np.ones(3, 'uint8')])
def test_arrays_come_back_and_are_written_again(tmp_path, array):
    path = tmp_path / 'a.pth'
    for _ in range(2):
        torch.save(dict(array=array, number=array.reshape(-1)[:1].copy()), path)
        loaded = CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')['array']
        np.testing.assert_array_equal(loaded, array)
        assert loaded.dtype == array.dtype.newbyteorder('=')  # as NumPy does
        assert loaded.flags.f_contiguous == array.flags.f_contiguous
        array = loaded
    again = pickle.loads(pickle.dumps(loaded))
    assert type(again) is np.ndarray
    np.testing.assert_array_equal(again, array)


def test_a_history_goes_on(tmp_path):
    history = HistoryBuffer()
    history.update(4.0)
    torch.save(dict(a=history), tmp_path / 'a.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'), 'cpu', logger='silent')['a']
    assert type(loaded) is HistoryBuffer and type(loaded.data[0]) is np.ndarray
    loaded.update(2.0)
    assert loaded.mean() == 3.0 and loaded.statistics('current') == 2.0
