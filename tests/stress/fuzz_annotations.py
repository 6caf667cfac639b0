"""Annotation files that are wrong somewhere."""
import contextlib
import copy
import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from fuzz_tools import change, changes, damage, damages, outcome
from hypothesis import strategies as st
from mmengine.config import Config
from mmengine.registry import DefaultScope

from fcos_mm.datasets import CocoDataset
from fcos_mm.datasets.checks import check_config_data

CLASSES = ('cup', 'jar')
BOXES = [(1, 1, 10, [5, 6, 20, 10]), (2, 1, 30, [0, 0, 60, 40]), (3, 2, 30, [50, 30, 8, 9]),
         (4, 2, 10, [1.5, 2.5, 3, 4])]
DATA = dict(
    images=[dict(id=index, file_name=f'{index}.png', width=60, height=40) for index in (1, 2)],
    categories=[dict(id=10, name='cup'), dict(id=30, name='jar')],
    annotations=[dict(id=index, image_id=image, category_id=category, bbox=box, iscrowd=0,
                      area=box[2] * box[3]) for index, image, category, box in BOXES])
PIPELINE = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),
            dict(type='PackDetInputs')]


#: Ids as tools write them.
IDS = {
    'as they are': lambda key: key, 'from 0': lambda key: key - 1, 'floats': float,
    'text': 'id-{}'.format, 'beyond float64': lambda key: 2**62 + key}


def renumbered(data: dict, rule: Callable) -> dict:
    """Write all ids of annotations or detections by a rule, in place.

    Args:
        data: In COCO's format, or ``annotations`` alone.
        rule: From an id to another.
    """
    for entries in data.values():
        for entry in entries:
            entry.update({key: rule(entry[key]) for key in ('id', 'image_id', 'category_id')
                          if key in entry})
    return data


def cases() -> st.SearchStrategy:
    """How ids are written, changes of the content and at times of the bytes, and what it is for."""
    return st.tuples(st.lists(changes(), max_size=3), st.none() | damages(),
                     st.sampled_from(['train', 'test']), st.sampled_from(sorted(IDS)),
                     st.sampled_from(['utf-8', 'utf-8-sig']))


def check(case: tuple, folder: Path) -> str:
    """Refused by name, or read as an obvious other way reads it.

    Args:
        case: Of :func:`cases`.
        folder: An empty folder, the same for all cases.
    """
    how, damaged, mode, ids, encoding = case
    data = renumbered(copy.deepcopy(DATA), IDS[ids])
    for one in how:
        change(data, one)
    content = json.dumps(data).encode(encoding)
    content = damage(content, damaged) if damaged else content
    _write(folder, content)
    cfg = _config(folder, mode)
    _, said = outcome(lambda: check_config_data(cfg, mode), str(folder / 'ann.json'),
                      str(folder / 'images'))
    if said == 'accepted':
        assert _loaded(cfg, mode) == _expected(json.loads(content), mode)
    return said


def _write(folder: Path, content: bytes) -> None:
    (folder / 'ann.json').write_bytes(content)
    images = folder / 'images'
    if not images.is_dir():
        images.mkdir()
        for index in (1, 2):
            cv2.imwrite(str(images / f'{index}.png'), np.full((40, 60, 3), 127, np.uint8))


def _config(folder: Path, mode: str) -> Config:
    dataset = dict(
        type='CocoDataset', data_root=str(folder), ann_file='ann.json',
        data_prefix=dict(img='images/'), metainfo=dict(classes=CLASSES), pipeline=PIPELINE,
        test_mode=mode == 'test')
    return Config({'model': dict(bbox_head=dict(num_classes=2)),
                   f'{mode}_dataloader': dict(dataset=dataset)})


def _loaded(cfg: Config, mode: str) -> list:
    """(image id, boxes with labels) as the dataset gives them."""
    settings = dict(cfg[f'{mode}_dataloader'].dataset)
    settings.pop('type')
    with DefaultScope.overwrite_default_scope('fcos_mm'), contextlib.redirect_stdout(io.StringIO()):
        samples = [sample['data_samples'] for sample in CocoDataset(**settings)]
    return [(sample.img_id, sorted(
        (*map(_short, box), label) for box, label in zip(
            sample.gt_instances.bboxes.tensor.tolist(), sample.gt_instances.labels.tolist())))
            for sample in samples]


def _expected(data: dict, mode: str) -> list:
    labels = {entry['id']: CLASSES.index(entry['name']) for entry in data['categories']
              if entry['name'] in CLASSES}
    expected = []
    for image in data['images']:
        boxes = []
        for entry in data.get('annotations', []):
            if entry['image_id'] != image['id'] or entry['category_id'] not in labels:
                continue
            x, y, width, height = (float(value) for value in entry['bbox'])
            inside = (min(x + width, image['width']) - max(x, 0) > 0
                      and min(y + height, image['height']) - max(y, 0) > 0)
            if (inside and width >= 1 and height >= 1 and entry['area'] > 0
                    and not entry.get('ignore') and not entry.get('iscrowd')):
                boxes.append((*map(_short, (x, y, x + width, y + height)),
                              labels[entry['category_id']]))
        expected.append((image['id'], sorted(boxes)))
    return expected


def _short(value: float) -> float:
    value = float(np.float32(value))
    return value if math.isfinite(value) else math.inf
