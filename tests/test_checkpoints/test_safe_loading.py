"""Checkpoints of mmengine load without running code from the file."""
import builtins
import shutil
import zipfile
from collections import Counter

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.runner import CheckpointLoader

from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.cli import detect, main, train
from fcos_mm.cli import test as testing
from fcos_mm.errors import UserError


class Unknown:
    """Stands for any object that is not a weight."""


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


def test_names_of_numpy_1_and_2():
    allowed = {item[1] for item in torch.serialization.get_safe_globals()
               if isinstance(item, tuple)}
    for module in ('core', '_core'):
        assert f'numpy.{module}.multiarray._reconstruct' in allowed
        assert f'numpy.{module}.multiarray.scalar' in allowed


def test_an_unknown_object_is_refused_by_name(load):
    with pytest.raises(UserError, match=r'checkpoint.pth holds .*Unknown, which is not a weight'):
        load(dict(state_dict={}, extra=Unknown()))


def test_only_statistics_are_looked_up(load):
    with pytest.raises(UserError, match='checkpoint.pth'):
        load(dict(state_dict={}, extra=AsksForMore()))


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match=r'Checkpoint not found: .*nowhere.pth'):
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


def test_a_checkpoint_is_read_once_until_mmengine_loads_it(tmp_path):
    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict=dict(weight=torch.ones(1))), path)
    kept = read_checkpoint(path)
    assert read_checkpoint(str(tmp_path / '..' / tmp_path.name / 'a.pth')) is kept
    assert CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent') is kept
    assert CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent') is not kept


def test_a_file_that_has_changed_is_read_again(tmp_path):
    path = str(tmp_path / 'a.pth')
    for size in (1, 1000):
        torch.save(dict(state_dict=dict(weight=torch.ones(size))), path)
        assert len(read_checkpoint(path)['state_dict']['weight']) == size


@pytest.fixture(scope='module')
def epoch_1(tiny_config, tmp_path_factory):
    """The checkpoint of a short training, in its work dir."""
    work_dir = tmp_path_factory.mktemp('trained')
    main(train, [str(tiny_config), '--work-dir', str(work_dir)])
    return work_dir / 'epoch_1.pth'


GO_ON = '--cfg-options train_cfg.max_epochs=2'


@pytest.mark.parametrize('command, line', [
    (testing, '{config} {file} --work-dir {folder}'),
    (detect, '{images} {config} {file} --out-dir {folder}'),
    (train, '{config} --work-dir {folder} --resume ' + GO_ON),
    (train, '{config} --work-dir {folder}/2 --resume {file} ' + GO_ON),
    (train, '{config} --work-dir {folder}/3 --cfg-options load_from={file}'),
], ids=['test', 'detect', 'resume', 'resume FILE', 'load_from'])
def test_a_command_reads_its_checkpoint_once(command, line, epoch_1, tiny_config, tiny_data,
                                             tmp_path, monkeypatch):
    """Opened once, its checksums tested once, unpickled once."""
    file = tmp_path / 'epoch_1.pth'
    shutil.copy(epoch_1, file)
    (tmp_path / 'last_checkpoint').write_text(str(file))
    calls = Counter()

    def count(owner, name):
        function = getattr(owner, name)

        def counted(first, *args, **kwargs):
            of_file = getattr(first, 'name', getattr(first, 'filename', first))
            calls[name] += str(of_file) == str(file)
            return function(first, *args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    count(builtins, 'open')
    count(zipfile.ZipFile, 'testzip')
    count(torch, 'load')
    main(command, line.format(config=tiny_config, file=file, folder=tmp_path,
                              images=tiny_data / 'images').split())
    assert calls == dict(open=1, testzip=1, load=1)
