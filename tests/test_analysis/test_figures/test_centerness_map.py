"""Fig. 3."""
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from fcos_mm.analysis.figures import draw_centerness, draw_locations
from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_files import read_truth
from fcos_mm.registry import MODELS

ROOT = Path(__file__).resolve().parents[3]
NAMES = ('cup', 'jar')
# P3 answers for the first box, P4 and P5 for the second, none for the third.
BOXES, LABELS = [[8, 8, 40, 40], [0, 0, 200, 160], [241, 1, 243, 3]], [0, 1, 1]


@pytest.fixture
def cfg(tiny_config):
    """The tiny config for an input of 256x192."""
    cfg = Config.fromfile(tiny_config)
    cfg.test_dataloader.dataset.pipeline[1].scale = (256, 192)
    return cfg


@pytest.fixture
def image(tmp_path):
    path = tmp_path / 'grey.png'
    cv2.imwrite(str(path), np.full((192, 256, 3), 100, np.uint8))
    return str(path)


@pytest.fixture
def out_file(tmp_path):
    return str(tmp_path / 'figure.png')


def build(cfg):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        return MODELS.build(cfg.model).eval()


def shown(figure):
    """The panels by their titles."""
    return {axes.get_title(): axes for axes in figure.axes if axes.axison}


def heat(axes, level=-1):
    """The map over the image, nan where it is transparent; the last is the finest level's."""
    return np.ma.filled(axes.images[1:][level].get_array(), np.nan)


def test_targets_of_each_level(cfg, image, out_file):
    figure = draw_centerness(cfg, image, BOXES, LABELS, NAMES, out_file)
    *levels, everything, bar = figure.axes
    # 4 x 4 locations at 12, 20, 28, 36. P4 may regress 128 pixels: columns 72 to 120, rows 40 to
    # 120 of 200 x 160. P5 gets the others of its 6 x 5 locations, 30 - 2 x 3.
    assert [axes.get_title() for axes in levels if axes.axison] == [
        'P3, stride 8: 16 locations', 'P4, stride 16: 24 locations', 'P5, stride 32: 24 locations']
    assert everything.get_title() == 'All levels'
    assert [np.isfinite(heat(axes)).sum() for axes in levels] == [16, 24, 24]
    assert [len(axes.patches) for axes in levels] == [1, 1, 1]
    # P4's location (104, 88): l = 104, r = 96, t = 88, b = 72.
    assert heat(levels[1])[5, 6] == pytest.approx((96 / 104 * 72 / 88)**0.5)
    assert [np.isfinite(heat(everything, level)).sum() for level in (-1, -2, -3, -4, -5)] == [
        16, 24, 24, 0, 0]
    assert [patch.get_linestyle() == '-' for patch in everything.patches] == [True, True, False]
    assert sorted(text.get_text() for text in everything.texts) == ['cup', 'jar', 'jar']
    assert bar.get_ylabel() == 'center-ness'


def test_blue_is_0_and_red_is_1(cfg, image, out_file):
    figure = draw_centerness(cfg, image, BOXES, LABELS, NAMES, out_file)
    overlay = figure.axes[0].images[1]
    low, high = overlay.cmap(overlay.norm(0.)), overlay.cmap(overlay.norm(1.))
    assert low[2] > 0.5 > low[0] and high[0] > 0.5 > high[2]
    drawn = cv2.imread(out_file)
    assert (np.ptp(drawn.astype(int), axis=2) > 50).any()  # colors were drawn


def test_a_model_is_compared(cfg, image, out_file):
    model = build(cfg)
    torch.nn.init.zeros_(model.bbox_head.conv_centerness.weight)
    torch.nn.init.constant_(model.bbox_head.conv_centerness.bias, np.log(0.8 / 0.2))
    figure = draw_centerness(cfg, image, BOXES, LABELS, NAMES, out_file, model=model)
    panels = shown(figure)
    for name, locations, cells in (('P3', 16, 32 * 24), ('P4', 24, 16 * 12), ('P5', 24, 8 * 6)):
        same, everywhere = heat(panels[f'{name}, predicted']), heat(
            panels[f'{name}, predicted at all locations'])
        assert np.isfinite(same).sum() == locations and np.isfinite(everywhere).sum() == cells
        assert same[np.isfinite(same)] == pytest.approx(0.8) and everywhere == pytest.approx(0.8)
    targets = heat(panels['P3, stride 8: 16 locations'])
    assert targets[1, 1] == pytest.approx(4 / 28)
    assert np.isfinite(heat(panels['All levels, predicted'])).sum() == 16
    assert {text.get_text() for text in panels['All levels'].texts} == {'cup', 'jar'}


def test_the_prediction_is_what_the_head_says_at_that_place(cfg, image, out_file):
    model = build(cfg)
    figure = draw_centerness(cfg, image, BOXES, LABELS, NAMES, out_file, model=model)
    batch = dict(inputs=[torch.full((3, 192, 256), 100, dtype=torch.uint8)])
    with torch.no_grad():
        maps = model(model.data_preprocessor(batch)['inputs'])[2]
    drawn = heat(shown(figure)['P4, predicted at all locations'])
    assert drawn == pytest.approx(maps[1][0, 0].sigmoid().numpy(), abs=1e-5)
    assert drawn.std() > 0


def test_a_model_without_the_branch(cfg, image, out_file):
    cfg.model.bbox_head.centerness = dict(type='Centerness', source='none', branch=False)
    with pytest.raises(UserError, match='no center-ness branch'):
        draw_centerness(cfg, image, BOXES, LABELS, NAMES, out_file, model=build(cfg))


def test_locations_in_the_colors_of_their_boxes(cfg, image, out_file):
    figure = draw_locations(cfg, image, BOXES, LABELS, NAMES, out_file)
    panels = shown(figure)
    assert list(panels) == [
        'P3, stride 8: 16 locations, 1 box', 'P4, stride 16: 24 locations, 1 box',
        'P5, stride 32: 24 locations, 1 box', 'All levels: 64 locations, 2 boxes']
    p3, p4, p5, everything = panels.values()
    points = p3.collections[0].get_offsets()
    assert sorted(map(tuple, points.tolist())) == [
        (x, y) for x in (12, 20, 28, 36) for y in (12, 20, 28, 36)]
    for axes in (p3, p4, p5):
        box, unanswered = axes.patches
        assert (axes.collections[0].get_facecolors() == box.get_edgecolor()).all()
        assert box.get_linestyle() == '-' != unanswered.get_linestyle()
    assert p3.patches[0].get_bbox().extents.tolist() == BOXES[0]
    assert p4.patches[0].get_bbox().extents.tolist() == BOXES[1]
    assert p3.patches[0].get_edgecolor() != p4.patches[0].get_edgecolor()
    assert figure.get_suptitle() == '1 box without a location, dashed'
    assert sorted(text.get_text() for text in everything.texts) == ['cup', 'jar', 'jar']


def test_a_location_answers_for_the_smaller_of_two_boxes(cfg, image, out_file):
    boxes = [[0, 0, 64, 64], [8, 8, 40, 40]]
    panels = shown(draw_locations(cfg, image, boxes, [0, 0], NAMES, out_file))
    # 8 x 8 locations in the larger one, 16 of them in the smaller one.
    axes = panels['P3, stride 8: 64 locations, 2 boxes']
    larger, smaller = (patch.get_edgecolor() for patch in axes.patches)
    drawn = [tuple(color) for color in axes.collections[0].get_facecolors()]
    assert drawn.count(larger) == 48 and drawn.count(smaller) == 16


def test_a_drawn_without_boxes(cfg, image, out_file):
    nothing = np.zeros((0, 4))
    panels = shown(draw_locations(cfg, image, nothing, [], NAMES, out_file))
    assert list(panels) == ['All levels: 0 locations, 0 boxes']
    panels = shown(draw_centerness(cfg, image, nothing, [], NAMES, out_file))
    assert np.isnan(heat(panels['All levels'])).all()


def test_real_drawns(real_data, out_file):
    cfg = Config.fromfile(ROOT / 'configs/fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py')
    folder = real_data / 'coco' / 'open_images_100'
    truth = read_truth(str(folder / 'instances.json'))
    names = [category['name'] for category in truth.dataset['categories']]
    ids = [category['id'] for category in truth.dataset['categories']]
    rows = [row for row in truth.imgToAnns[872] if not row['iscrowd']]
    boxes = np.array([row['bbox'] for row in rows])
    boxes[:, 2:] += boxes[:, :2]
    image = str(folder / 'images' / truth.imgs[872]['file_name'])
    figure = draw_locations(cfg, image, boxes, [ids.index(row['category_id']) for row in rows],
                            names, out_file)
    *levels, everything = shown(figure)
    counts = [int(title.split(': ')[1].split()[0]) for title in levels]
    assert everything == f'All levels: {sum(counts)} locations, {len(rows)} boxes'
