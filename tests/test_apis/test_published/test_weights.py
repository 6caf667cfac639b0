"""A published detector by its name in the commands, without what is on other machines."""
import json
import shutil
import threading
from pathlib import Path

import pytest
import torch

import fcos_mm
from fcos_mm.apis.published.weights import (
    is_published,
    published_checkpoint,
    results_folder,
    weights_file,
)
from fcos_mm.apis.trained_model import find_model
from fcos_mm.checkpoints.zoo import cache
from fcos_mm.checkpoints.zoo.cache import read_record
from fcos_mm.cli import detect, main, test, train
from fcos_mm.errors import UserError

NAME = 'fcos_tiny_coco'


def picture(tiny_data):
    return str(next((tiny_data / 'images').iterdir()))


def test_downloaded_converted_and_used_again_without_network(published, capsys):
    path = published_checkpoint(NAME)
    assert Path(path).is_relative_to(published.cache / 'converted')
    assert Path(path).name == 'fcos_tiny_theirs_coco.pth'
    assert len(published.server.requests) == 1
    assert published.calls == [(str(published.file), 'theirs', 'small')]
    err = capsys.readouterr().err
    assert err == f'downloading fcos_tiny_theirs_coco from {published.model.address} ...\n'
    assert read_record(published.file) == (published.sha256, published.file.stat().st_size)

    published.server.content.clear()
    for name in (NAME, 'fcos_tiny_theirs_coco'):
        assert published_checkpoint(name) == path
    published.file.unlink()  # to save space
    assert published_checkpoint(NAME) == path
    assert len(published.server.requests) == len(published.calls) == 1
    assert not [file for file in published.cache.rglob('*') if 'unfinished' in file.name
                or file.suffix == '.part']


def test_detect_by_name(published, tiny_data, trained, run):
    _, shown = run(detect, picture(tiny_data), '--model', NAME, '--no-draw', '--score-thr', 0)
    assert 'model      fcos_tiny_theirs_coco (theirs, published AP 36.6)\n' in shown
    found = json.loads(Path('detections/detections.json').read_text())
    run(detect, picture(tiny_data), '--model', trained.checkpoint, '--no-draw', '--score-thr', 0,
        '--out-dir', 'own')
    assert found and found == json.loads(Path('own/detections.json').read_text())


def test_in_python_and_offline_from_then_on(published, tiny_data, monkeypatch):
    monkeypatch.setenv('FCOS_MM_OFFLINE', '1')
    with pytest.raises(UserError) as error:
        fcos_mm.load(NAME)
    assert str(error.value) == (
        'fcos_tiny_theirs_coco is not in the cache, and nothing is downloaded offline (--offline '
        f'or FCOS_MM_OFFLINE).\nWithout network, download {published.model.address} on another '
        f'machine, described at {published.model.code}, and copy it to {published.file}')
    assert not published.server.requests
    monkeypatch.delenv('FCOS_MM_OFFLINE')
    published_checkpoint(NAME)
    monkeypatch.setenv('FCOS_MM_OFFLINE', '1')
    assert fcos_mm.load(NAME).classes == ('cup', 'jar')
    assert len(published.server.requests) == 1


def test_the_option_offline(published, tiny_data, monkeypatch):
    monkeypatch.setenv('FCOS_MM_OFFLINE', '')
    with pytest.raises(UserError, match='is not in the cache'):
        main(detect, [picture(tiny_data), '--model', NAME, '--offline'])
    assert not published.server.requests


def test_a_file_copied_by_hand(published, monkeypatch):
    monkeypatch.setenv('FCOS_MM_OFFLINE', '1')
    published.file.parent.mkdir(parents=True)
    published.file.write_bytes(b'something else')
    with pytest.raises(UserError, match='has changed: its SHA-256 is .* and should begin with '
                                        f'{published.sha256[:8]}.\nRemove it'):
        published_checkpoint(NAME)
    content, = published.server.content.values()
    published.file.write_bytes(content)
    assert Path(published_checkpoint(NAME)).is_file()
    assert read_record(published.file).sha256 == published.sha256


def test_a_downloaded_file_that_changes(published):
    """It is read when it is converted again, as after an update."""
    shutil.rmtree(Path(published_checkpoint(NAME)).parents[2])
    published.file.write_bytes(b'x')
    with pytest.raises(UserError, match=f'should be {published.sha256}.\nRemove it'):
        published_checkpoint(NAME)


def test_another_version_converts_again(published, monkeypatch):
    before = published_checkpoint(NAME)
    monkeypatch.setattr(cache, '__version__', '9.9')
    assert published_checkpoint(NAME) != before
    assert len(published.calls) == 2 and len(published.server.requests) == 1


def test_two_at_once_download_once(published, capsys):
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(published_checkpoint(NAME)))
               for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 2 and len({*paths}) == 1
    assert len(published.calls) == len(published.server.requests) == 1


def test_a_file_that_cannot_be_converted(published, monkeypatch):
    def refuse(path, out, **_):
        Path(out).touch()
        raise UserError('3 weights are unknown: a, b, c.')

    monkeypatch.setattr('fcos_mm.apis.converting.convert.convert_checkpoint', refuse)
    with pytest.raises(UserError, match='fcos_tiny_theirs_coco cannot be converted. 3 weights'):
        published_checkpoint(NAME)
    assert not list(published.cache.glob('converted/**/*.pth'))


def test_an_address_that_is_gone(published):
    published.server.content.clear()
    with pytest.raises(UserError) as error:
        published_checkpoint(NAME)
    assert '404 Not Found (the file is not there any more).\nWithout network,' in str(error.value)
    assert published.model.code in str(error.value) and str(published.file) in str(error.value)


def test_a_cache_that_cannot_be_written(published, tmp_path, monkeypatch):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('FCOS_MM_CACHE', str(tmp_path / 'file'))
    with pytest.raises(UserError, match='cannot be used for downloads: .*\nName another folder: '
                                        'FCOS_MM_CACHE=DIR'):
        published_checkpoint(NAME)


def test_files_and_configs_come_before_published_models(published, trained):
    assert is_published(NAME) and not is_published('fcos_csp-w25_fpn_shapes')
    shutil.copytree(trained.work_dir, NAME)
    assert not is_published(NAME) and weights_file(NAME) == NAME
    assert find_model(NAME).checkpoint == f'{NAME}/epoch_1.pth'
    assert not published.server.requests


@pytest.mark.parametrize('name, meant', [
    ('fcos_tiny_coc', 'fcos_tiny_coco'), ('fcos_x101_cocos', 'fcos_x101_coco'),
    ('fcos_csp-w25_fpn_shape', 'fcos_csp-w25_fpn_shapes')])
def test_a_misspelt_name(published, name, meant):
    with pytest.raises(UserError) as error:
        find_model(name)
    assert f"There is no model {name}. Did you mean '{meant}'?\n" in str(error.value)
    assert '`fcos-mm models` lists them' in str(error.value)


def test_weights_of_a_config_and_none_beside_a_name(published, trained):
    found = find_model(str(trained.config), NAME)
    assert found.checkpoint == published_checkpoint(NAME)
    with pytest.raises(UserError, match=f'{NAME} is a published model with its weights: leave'):
        find_model(NAME, str(trained.checkpoint))


def test_results_go_to_a_work_dir_not_to_the_cache(published):
    found = find_model(NAME)
    assert found.cfg.work_dir == 'work_dirs/fcos_tiny_theirs_coco/test'
    assert results_folder(found.checkpoint) == Path('work_dirs/fcos_tiny_theirs_coco')
    assert results_folder('a/b.pth') == Path('a')


def test_test_by_name_and_as_weights(published, trained, run):
    alone, _ = run(test, NAME)
    with_config, _ = run(test, trained.config, NAME, '--work-dir', 'other')
    assert alone == with_config and 'coco/bbox_mAP' in alone
    assert Path('work_dirs/fcos_tiny_theirs_coco/test').is_dir()
    assert not list(published.cache.rglob('*.log'))


def test_training_from_it_with_other_classes(published, variant, run):
    _, screen = run(train, variant("classes = ('jar', )"), '--load-from', NAME, '--work-dir', 'run',
                    '--no-report')
    assert f'tensors from {published_checkpoint(NAME)}, rows of classes jar\n' in screen
    weights = torch.load('run/epoch_1.pth', weights_only=False)['state_dict']
    assert len(weights['bbox_head.conv_cls.bias']) == 1


def test_own_data_need_its_config(published, tiny_data):
    with pytest.raises(UserError) as error:
        main(train, ['--data', str(tiny_data), '--load-from', NAME])
    assert f'\n  fcos-mm models --config {NAME} > base.py\n' in str(error.value)
    assert not published.server.requests
