"""The curve of recall and ambiguity against the size of the input."""
import json

import numpy as np
import pytest
from mmengine.config import Config

from fcos_mm.analysis.assignment_stats import assignment_statistics
from fcos_mm.config import load_config
from fcos_mm.recipes import size_curve as module
from fcos_mm.recipes.boxes import boxes_of
from fcos_mm.recipes.config_file import BASE
from fcos_mm.recipes.machine import Machine
from fcos_mm.recipes.recipe import assigner_options
from fcos_mm.recipes.size import fit_size
from fcos_mm.recipes.size_curve import size_curve

CPU = Machine('cpu', 'CPU', 4, 2**33)


def write(path, images, sides, seed=0):
    """Pictures of 256 x 192 with six squares each, of sides in a range."""
    random = np.random.default_rng(seed)
    boxes = []
    for image in range(1, images + 1):
        for category in (1, 2) * 3:
            side = random.uniform(*sides)
            x, y = random.uniform(0, 256 - side), random.uniform(0, 192 - side)
            boxes.append(dict(id=len(boxes) + 1, image_id=image, category_id=category, iscrowd=0,
                              bbox=[x, y, side, side], area=side * side))
    path.write_text(json.dumps(dict(
        images=[dict(id=image, file_name=f'{image}.png', width=256, height=192)
                for image in range(1, images + 1)],
        annotations=boxes, categories=[dict(id=1, name='cup'), dict(id=2, name='jar')])))
    return str(path)


@pytest.fixture(scope='module')
def ann_file(tmp_path_factory):
    return write(tmp_path_factory.mktemp('curve') / 'a.json', 12, (6, 90))


@pytest.fixture(scope='module')
def curve(ann_file):
    return size_curve(ann_file, machine=CPU)


@pytest.mark.parametrize('place', [0, -1])
@pytest.mark.parametrize('name, radius', [('sampled', 1.5), ('plain', None)])
def test_the_shares_are_those_of_assignment_stats(ann_file, curve, place, name, radius):
    row = curve['sizes'][place]
    cfg = Config(dict(load_config(BASE).to_dict()))
    cfg.model.bbox_head.strides = tuple(row['strides'])
    cfg.model.bbox_head.assigner.update(regress_ranges=row['ranges'],
                                        center_sampling_radius=radius)
    cfg.train_dataloader.dataset.metainfo.classes = ('cup', 'jar')
    expected = assignment_statistics(cfg, ann_file, scale=tuple(row['size']), progress=False)
    found = row[name]
    assert (found['bpr'], found['ambiguous']) == (expected['bpr'], expected['ambiguous'])
    assert found['missed'] == pytest.approx(100 - expected['bpr'])


def test_the_advice_is_that_of_training(ann_file, curve):
    expected = fit_size(boxes_of(ann_file, None), CPU, assigner_options(load_config(BASE)))
    row = curve['sizes'][curve['advised']]
    assert (tuple(row['size']), row['levels'], row['cost']) == (
        expected.size, expected.fit.name, 1)
    assert [tuple(bounds) for bounds in row['ranges']] == list(expected.fit.ranges)
    assert row['roomy'] == 100 * expected.fit.roomy and curve['reason'] == expected.reason


def test_sizes_reach_from_small_to_native(curve):
    sizes = [row['size'] for row in curve['sizes']]
    assert sizes == [[128, 96], [160, 128], [192, 160], [224, 192], [256, 192]]
    assert curve['native'] == [256, 192]
    width, height = sizes[curve['advised']]
    assert curve['sizes'][0]['cost'] == pytest.approx(128 * 96 / (width * height))


def test_where_the_curve_is_flat(ann_file, curve, monkeypatch):
    """Of the 72 boxes the size before the last leaves one without a location, 1.4 points."""
    recall = [row['sampled']['bpr'] for row in curve['sizes']]
    assert recall[2:] == pytest.approx([100 * 68 / 72, 100 * 71 / 72, 100])
    assert (curve['flat'], curve['tolerance']) == (4, 0.2)
    monkeypatch.setattr(module, 'TOLERANCE', 1.4)
    assert size_curve(ann_file, machine=CPU)['flat'] == 3


def test_many_images_are_sampled(ann_file, monkeypatch):
    monkeypatch.setattr(module, '_MOST_IMAGES', 3)
    monkeypatch.setattr(module, '_MOST_SIZES', 2)
    part = size_curve(ann_file, machine=CPU, seed=1)
    assert (part['images'], part['images_with_boxes'], part['boxes']) == (3, 12, 18)
    assert part == size_curve(ann_file, machine=CPU, seed=1)
