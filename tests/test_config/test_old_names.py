"""The tables of mmdet 2's names: what is listed is gone, and what replaces it is there."""
import re

import mmdet.registry
import pytest
from mmengine.registry import Registry

from fcos_mm.config.keys import known_keys
from fcos_mm.config.old_names import OLD_KEYS, OLD_TRANSFORMS, OLD_TYPES, new_place

REGISTRIES = [value for value in vars(mmdet.registry).values() if isinstance(value, Registry)]


def is_registered(name):
    return any(registry.get(name) is not None for registry in REGISTRIES)


def test_old_types_are_gone():
    assert [name for name in OLD_TYPES if is_registered(name)] == []
    assert all(is_registered(name) for name in OLD_TRANSFORMS)


def test_what_replaces_them_is_there():
    named = {name for text in (*OLD_TYPES.values(), *OLD_TRANSFORMS.values())
             for name in re.findall(r'\b[A-Z][a-z]+[A-Z]\w+', text)}
    assert len(named) >= 20
    assert [name for name in named if not is_registered(name)] == []


def test_new_places_are_read():
    keys = [key for place in OLD_KEYS.values() for key in re.split(', and |, | and ', place.key)]
    assert {key.split('.')[0] for key in keys if key} <= known_keys({})
    assert not {key for key in OLD_KEYS if '.' not in key} & known_keys({})


@pytest.mark.parametrize('key, expected', [
    ('optimizer.lr', 'optim_wrapper.optimizer.lr'),
    ('data.train.pipeline.0', 'train_dataloader.dataset.pipeline.0'),
    ('data.train.classes', 'train_dataloader.dataset.metainfo.classes'),
    ('lr_config.policy', 'param_scheduler'),
    ('gpu_ids', ''),
    ('optim_wrapper.optimizer.lr', None),
])
def test_new_place(key, expected):
    assert getattr(new_place(key), 'key', None) == expected
