"""Damaged images in training: replaced, counted, named; in a test an error."""
import shutil
from types import SimpleNamespace

import pytest
from mmengine.registry import DefaultScope

from fcos_mm.cli import train
from fcos_mm.datasets import ImageError
from fcos_mm.datasets.seeded import SeededIndex
from fcos_mm.datasets.unreadable import TRIES
from fcos_mm.engine import UnreadableImageHook
from fcos_mm.errors import UserError
from fcos_mm.registry import DATASETS
from tests.forked import ROOT, Ranks

LOST = 'Image cannot be read: {}/images/train_{}.png'


@pytest.fixture
def damaged(tiny_data, tmp_path):
    """``damaged(2, 3)`` copies the data and spoils these images of the training."""
    def make(*numbers):
        root = tmp_path / 'data'
        shutil.copytree(tiny_data, root)
        for number in numbers:
            (root / 'images' / f'train_{number}.png').write_bytes(b'\x89PNG no more')
        return root

    return make


def dataset(root, **options):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        return DATASETS.build(dict(dict(
            type='CocoDataset', data_root=str(root), ann_file='train.json',
            data_prefix=dict(img='images/'), metainfo=dict(classes=('cup', 'jar')),
            pipeline=[dict(type='LoadImageFromFile'),
                      dict(type='LoadAnnotations', with_bbox=True),
                      dict(type='PackDetInputs')]), **options))


def ids(samples):
    return [samples[index]['data_samples'].img_id for index in range(len(samples))]


def test_the_next_image_stands_in_and_says_so(damaged):
    root = damaged(2, 3)
    samples = dataset(root)
    assert ids(samples) == [1, 4, 4, 4]
    lost = samples[1]['data_samples'].metainfo['unreadable']
    assert [text.split(' (')[0] for _, text in lost] == [LOST.format(root, 2), LOST.format(root, 3)]
    assert [path for path, _ in lost] == [f'{root}/images/train_{number}.png' for number in (2, 3)]
    assert 'unreadable' not in samples[0]['data_samples'].metainfo


def test_after_the_last_image_comes_the_first(damaged):
    assert ids(dataset(damaged(4))) == [1, 2, 3, 1]


def test_also_under_a_wrapper_and_with_a_seeded_index(damaged):
    samples = dataset(damaged(2))
    repeated = DATASETS.build(dict(type='fcos_mm.RepeatDataset', dataset=samples, times=2))
    assert repeated[5]['data_samples'].img_id == 3
    assert repeated[SeededIndex(5, 0, 0)]['data_samples'].img_id == 3


def test_missing_image_is_replaced_too(damaged):
    root = damaged()
    (root / 'images' / 'train_2.png').unlink()
    samples = dataset(root)
    assert ids(samples) == [1, 3, 3, 4]
    assert samples[1]['data_samples'].metainfo['unreadable'][0][1].startswith('Image not found: ')


def test_in_a_test_it_is_an_error(damaged):
    samples = dataset(damaged(2), test_mode=True)
    with pytest.raises(ImageError, match='train_2.png'):
        samples[1]


def test_no_image_can_be_read(damaged):
    samples = dataset(damaged(1, 2, 3, 4))
    with pytest.raises(ImageError, match=f'^{TRIES + 1} images in a row(.|\n)*train_'):
        samples[0]


def test_a_sample_that_is_not_packed_says_so_too(damaged):
    samples = dataset(damaged(2), pipeline=[dict(type='LoadImageFromFile')])
    assert samples[1]['img_id'] == 3
    (path, text), = samples[1]['unreadable']
    assert path.endswith('train_2.png') and text.startswith('Image cannot be read: ')


@pytest.mark.parametrize('num_workers', [0, 2])
def test_training_goes_on_and_names_it_at_the_end(run, num_workers, damaged, tiny_config, tmp_path):
    root = damaged(2)
    screen = run(train, tiny_config, '--work-dir', tmp_path / 'run', '--cfg-options',
                 f'train_dataloader.dataset.data_root={root}', 'train_cfg.max_epochs=2',
                 'train_cfg.val_interval=9', f'train_dataloader.num_workers={num_workers}')
    line = f'warning: {LOST.format(root, 2)}'
    assert screen.count(line) == 1  # once, though met in both epochs
    assert 'The next image is used instead.' in screen
    end = screen[screen.index('1 unreadable image replaced in this training:'):]
    assert LOST.format(root, 2) in end
    assert (tmp_path / 'run' / 'epoch_2.pth').is_file()


def test_too_many_stop_the_training(run, damaged, tiny_config, tmp_path):
    root = damaged(2, 3)
    with pytest.raises(UserError) as caught:
        run(train, tiny_config, '--work-dir', tmp_path / 'run', '--cfg-options',
            f'train_dataloader.dataset.data_root={root}')
    message = str(caught.value)
    assert message.startswith('2 unreadable images so far; the limit is 1 of 4:')
    assert LOST.format(root, 2) in message and LOST.format(root, 3) in message
    assert 'default_hooks.unreadable.limit' in message


def test_two_processes_add_up(damaged, tiny_config, tmp_path):
    """Four images, two processes: each has met those of its own batches."""
    root = damaged(2, 3)
    done = Ranks(2, ROOT / 'tools' / 'train.py', tiny_config, '--no-report', '--work-dir',
                 tmp_path / 'run', '--cfg-options',
                 f'train_dataloader.dataset.data_root={root}', 'default_hooks.unreadable.limit=2',
                 'train_cfg.val_interval=9').finish()
    screen = done.out
    assert done.statuses == [0, 0], screen[-4000:]
    end = screen[screen.index('2 unreadable images replaced in this training:'):]
    assert LOST.format(root, 2) in end and LOST.format(root, 3) in end


def test_damaged_image_of_the_validation_stops(run, damaged, tiny_config, tmp_path):
    root = damaged()
    (root / 'images' / 'val_1.png').write_bytes(b'no')
    with pytest.raises(ImageError, match='val_1.png'):
        run(train, tiny_config, '--work-dir', tmp_path / 'run', '--cfg-options',
            f'val_dataloader.dataset.data_root={root}')


def sample(*lost):
    entries = [(text, text) for text in lost]
    return SimpleNamespace(metainfo=dict(unreadable=entries) if lost else {})


def runner(size, messages):
    return SimpleNamespace(
        train_dataloader=SimpleNamespace(dataset=range(size)),
        logger=SimpleNamespace(warning=messages.append), iter=0)


@pytest.mark.parametrize('limit, allowed', [(0, 0), (0.01, 1), (0.021, 3), (1, 1), (2, 2)])
def test_limit(limit, allowed):
    """Of 100 images."""
    hook, messages = UnreadableImageHook(limit=limit), []
    for number in range(allowed):
        hook.before_train_iter(runner(100, messages), 0, dict(data_samples=[sample(str(number))]))
    with pytest.raises(UserError) as caught:
        hook.before_train_iter(runner(100, messages), 0, dict(data_samples=[sample('last')]))
    assert f'so far; the limit is {allowed} of 100' in str(caught.value)


def test_ranks_count_together(monkeypatch):
    monkeypatch.setattr('fcos_mm.engine.guards.unreadable.all_gather_object',
                        lambda lost: [lost, dict(b='b', c='c')])
    monkeypatch.setattr('fcos_mm.engine.guards.unreadable.get_world_size', lambda: 2)
    hook, messages = UnreadableImageHook(limit=2, interval=1), []
    hook.before_train_iter(runner(100, messages), 0,
                           dict(data_samples=[sample(), sample('a', 'b')]))
    assert messages == ['a\nb\nThe next image is used instead.']
    with pytest.raises(UserError, match='3 unreadable images so far'):
        hook.after_train_iter(runner(100, messages), 0)


def test_a_long_list_is_shortened():
    hook, messages = UnreadableImageHook(limit=50), []
    lost = [f'image {number}' for number in range(23)]
    hook.before_train_iter(runner(100, messages), 0, dict(data_samples=[sample(*lost)]))
    hook.after_train(runner(100, messages))
    assert messages[1].splitlines()[0] == '23 unreadable images replaced in this training:'
    assert messages[1].splitlines()[-2:] == ['image 19', 'and 3 more']


def test_negative_limit():
    with pytest.raises(UserError, match='got -1'):
        UnreadableImageHook(limit=-1)
