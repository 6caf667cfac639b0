"""The written config: short, and what the tools read."""
from types import SimpleNamespace

import pytest

from fcos_mm.config import check_config, load_config
from fcos_mm.recipes.backbones import choose_backbone
from fcos_mm.recipes.choice import Choice
from fcos_mm.recipes.config_file import BASE, config_text, options_of, write_config
from fcos_mm.recipes.machine import Machine
from fcos_mm.recipes.recipe import Options, choose_model, choose_training
from fcos_mm.recipes.schedule import Speed

CPU = Machine('cpu', 'CPU', 2, 2**33)


def data_of(root, splits=('train', 'val')):
    """What ``prepare_data`` returns for the tiny data."""
    return SimpleNamespace(classes=('cup', 'jar'), splits={
        split: SimpleNamespace(
            ann_file=str(root / ('train.json' if split == 'train' else 'val.json')),
            images=str(root / 'images'), num_images=4, num_boxes=8) for split in splits})


@pytest.fixture(scope='module')
def choices(tiny_data):
    data, options = data_of(tiny_data), Options(batch=2, epochs=3, levels=(2, 5), seed=7)
    model = choose_model(data, load_config(BASE), options, CPU)
    return [*model, *choose_training(model, data, options, CPU, lambda: Speed(1., 1.))]


@pytest.fixture
def written(choices, tiny_data, tmp_path):
    path = tmp_path / 'recipe' / 'tiny.py'
    write_config(path, config_text(data_of(tiny_data), choices, {'--data': [str(tiny_data)]}))
    return path


def test_config_is_loaded_and_fits(written, tiny_data):
    cfg = load_config(str(written))
    check_config(cfg, 'train')
    assert cfg.train_dataloader.dataset.ann_file == str(tiny_data / 'train.json')
    assert cfg.val_evaluator.ann_file == cfg.test_evaluator.ann_file == str(tiny_data / 'val.json')
    assert cfg.train_dataloader.batch_size == 2
    assert cfg.train_dataloader.num_workers == 1
    assert cfg.model.bbox_head.num_classes == 2
    assert cfg.model.bbox_head.strides == (4, 8, 16, 32)
    assert (cfg.train_cfg.max_epochs, cfg.randomness.seed) == (3, 7)
    assert cfg.optim_wrapper.optimizer.lr == 0.0005  # half of 0.001: the root of 2 / 8


def test_every_choice_has_a_reason(choices):
    assert [choice.name for choice in choices] == [
        'classes', 'image_size', 'levels', 'regress_ranges', 'backbone', 'batch_size', 'lr',
        'workers', 'seed', 'epochs', 'val_interval', 'time']
    assert all(choice.reason for choice in choices)


def test_the_longest_config_has_25_lines(choices, tmp_path, monkeypatch):
    data = SimpleNamespace(classes=('cup', ) * 80, splits={
        split: SimpleNamespace(ann_file=f'/{split}' * 20, images=f'/{split}' * 20)
        for split in ('train', 'val', 'test')})
    monkeypatch.setattr('fcos_mm.recipes.backbones._can_be_had', lambda weights: True)
    backbone = choose_backbone('resnet101', CPU)
    longest = [*choices, Choice('backbone', backbone.name, 'given', dict(model=backbone.model))]
    assert len(config_text(data, longest, {'--data': ['x']}).splitlines()) <= 25


def test_other_backbones_fit(choices, tiny_data, tmp_path, monkeypatch):
    monkeypatch.setattr('fcos_mm.recipes.backbones._can_be_had', lambda weights: True)
    model = choose_backbone('resnet18', CPU).model
    path = tmp_path / 'other.py'
    write_config(path, config_text(
        data_of(tiny_data), [*choices, Choice('backbone', 'resnet18', 'given', dict(model=model))],
        {}))
    cfg = load_config(str(path))
    check_config(cfg, 'train')
    assert cfg.model.backbone.type == 'ResNet'


def test_options_are_read_back(tmp_path, choices, tiny_data):
    options = {'--data': ['/my data'], '--classes': ['a cup', 'jar'], '--size': ['320x240']}
    path = tmp_path / 'a.py'
    write_config(path, config_text(data_of(tiny_data), choices, options))
    assert options_of(path) == options


def test_a_config_without_options(tmp_path):
    path = tmp_path / 'a.py'
    path.write_text("_base_ = 'x.py'\n")
    assert options_of(path) == {}
