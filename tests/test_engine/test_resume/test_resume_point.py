"""Which checkpoint a run resumes from."""
import io
import os
import zipfile

import pytest
import torch
from mmengine.config import Config

from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.engine.resume.resume_point import candidates, newest_whole, prepare_resume
from fcos_mm.errors import UserError


def save(path, second, seed=3):
    torch.save(dict(meta=dict(seed=seed, epoch=0, iter=5), message_hub={},
                    state_dict=dict(w=torch.arange(100.))), path)
    os.utime(path, (second, second))


def folder(tmp_path, names, pointer=None, pointer_second=100):
    """Checkpoints, each a second later than the one before."""
    for second, name in enumerate(names, start=1):
        save(tmp_path / name, second)
    if pointer is not None:
        (tmp_path / 'last_checkpoint').write_text(str(tmp_path / pointer))
        os.utime(tmp_path / 'last_checkpoint', (pointer_second, pointer_second))
    return str(tmp_path)


def names(work_dir):
    return [os.path.basename(path) for path in candidates(work_dir)]


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize('files, pointer, second, expected', [
    ([], None, 0, []),
    (['iter_5.pth', 'iter_10.pth'], 'iter_10.pth', 9, ['iter_10.pth', 'iter_5.pth']),
    # killed before the pointer was written
    (['iter_5.pth', 'iter_10.pth'], 'iter_5.pth', 1, ['iter_10.pth', 'iter_5.pth']),
    (['iter_5.pth'], None, 0, ['iter_5.pth']),
    (['epoch_1.pth', 'autosave_iter_9.pth'], 'epoch_1.pth', 1,
     ['autosave_iter_9.pth', 'epoch_1.pth']),
    # left by an earlier training in the same folder
    (['iter_90.pth', 'iter_5.pth'], 'iter_5.pth', 9, ['iter_5.pth', 'iter_90.pth']),
    # a folder that was copied: all files are younger than the pointer
    (['autosave_iter_8.pth', 'iter_5.pth', 'iter_10.pth'], 'iter_10.pth', 0,
     ['iter_10.pth', 'iter_5.pth', 'autosave_iter_8.pth']),
    # not to resume from
    (['best_AP_iter_20.pth', 'resnet50.pth', 'weights.pth', 'iter_5.pth'], 'iter_5.pth', 9,
     ['iter_5.pth']),
    (['iter_5.pth'], 'iter_10.pth', 9, ['iter_5.pth']),
    (['model_5.pth', 'model_10.pth'], 'model_10.pth', 9, ['model_10.pth', 'model_5.pth'])])
def test_order(tmp_path, files, pointer, second, expected):
    assert names(folder(tmp_path, files, pointer, second)) == expected


def test_a_folder_that_was_moved(tmp_path):
    work_dir = folder(tmp_path, ['iter_5.pth'], 'iter_5.pth', 9)
    (tmp_path / 'last_checkpoint').write_text('/no/such/place/iter_5.pth')
    assert names(work_dir) == ['iter_5.pth']


def test_a_folder_that_was_copied(tmp_path):
    """Its pointer names the checkpoint of the original, which is still there."""
    original, copy = tmp_path / 'original', tmp_path / 'copy'
    for work_dir in (original, copy):
        work_dir.mkdir()
        folder(work_dir, ['iter_5.pth', 'iter_10.pth'])
        (work_dir / 'last_checkpoint').write_text(str(original / 'iter_10.pth'))
    assert candidates(str(copy)) == [str(copy / 'iter_10.pth'), str(copy / 'iter_5.pth')]


@pytest.mark.parametrize('content', [b'', b'\n', bytes(30), bytes(range(128, 160)), b'a' * 9999],
                         ids=['empty', 'a line', 'zeros', 'not text', 'too long'])
def test_a_pointer_that_names_nothing(tmp_path, content):
    """What a power failure may leave: the checkpoints say by their times which is the newest."""
    work_dir = folder(tmp_path, ['iter_5.pth', 'iter_10.pth'])
    (tmp_path / 'last_checkpoint').write_bytes(content)
    assert names(work_dir) == ['iter_10.pth', 'iter_5.pth']


def test_a_checkpoint_that_is_gone(tmp_path):
    work_dir = folder(tmp_path, [], 'iter_5.pth')
    with pytest.raises(UserError, match=r'names .*iter_5\.pth, which does not exist'):
        candidates(work_dir)


def test_a_damaged_one_is_named_and_the_one_before_used(tmp_path):
    work_dir = folder(tmp_path, ['iter_5.pth', 'iter_10.pth'], 'iter_10.pth')
    damage(tmp_path / 'iter_10.pth')
    path, notes = newest_whole(work_dir)
    assert path == str(tmp_path / 'iter_5.pth')
    assert f'{tmp_path}/iter_10.pth is damaged' in notes[0]
    assert notes[1] == f'Using the previous one, {path}.'


def test_all_damaged(tmp_path):
    work_dir = folder(tmp_path, ['iter_5.pth', 'iter_10.pth'], 'iter_10.pth')
    damage(tmp_path / 'iter_10.pth')
    (tmp_path / 'iter_5.pth').write_bytes(b'')
    with pytest.raises(UserError) as error:
        newest_whole(work_dir)
    assert 'iter_10.pth is damaged' in str(error.value)
    assert 'iter_5.pth is damaged' in str(error.value)
    assert 'Start again without --resume' in str(error.value)


def test_a_file_cut_short_is_damaged(tmp_path):
    path = tmp_path / 'a.pth'
    save(path, 1)
    read_checkpoint(str(path))
    content = path.read_bytes()
    for length in range(0, len(content), 37):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match='a.pth is damaged'):
            read_checkpoint(str(path))


def test_a_changed_bit_anywhere_in_a_tensor_is_found(tmp_path):
    path = tmp_path / 'a.pth'
    save(path, 1)
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name, = (name for name in archive.namelist() if name.endswith('data/0'))
        values = archive.read(name)
    first = content.index(values)
    for place in range(first, first + len(values)):
        changed = bytearray(content)
        changed[place] ^= 0x10
        path.write_bytes(changed)
        torch.load(path)  # torch does not notice
        with pytest.raises(UserError, match='data/0 in it has changed'):
            read_checkpoint(str(path))


def config(work_dir, **settings):
    return Config(dict(work_dir=str(work_dir), resume=True, load_from=None, **settings))


def test_nothing_to_resume(tmp_path):
    cfg = config(tmp_path)
    note, = prepare_resume(cfg)
    assert 'starting from the beginning' in note
    assert (cfg.resume, cfg.load_from) == (False, None)


@pytest.mark.parametrize('settings, noted', [
    ({}, False), (dict(randomness={}), False), (dict(randomness=dict(seed=None)), False),
    (dict(randomness=dict(seed=3)), False), (dict(randomness=dict(seed=4)), True)], ids=str)
def test_the_seed_is_that_of_the_checkpoint(tmp_path, settings, noted):
    cfg = config(folder(tmp_path, ['iter_5.pth'], 'iter_5.pth'), **settings)
    notes = prepare_resume(cfg)
    assert cfg.load_from == str(tmp_path / 'iter_5.pth')
    assert cfg.randomness.seed == 3
    assert [note.startswith('randomness.seed: the run continues with 3') for note in notes] == (
        [True] if noted else [])


def test_a_damaged_checkpoint_that_is_asked_for(tmp_path):
    save(tmp_path / 'iter_5.pth', 1)
    damage(tmp_path / 'iter_5.pth')
    cfg = config(tmp_path)
    cfg.load_from = str(tmp_path / 'iter_5.pth')
    with pytest.raises(UserError, match='iter_5.pth is damaged'):
        prepare_resume(cfg)
