"""An image at the network's input and its targets."""
import cv2
import numpy as np
import pytest
from mmengine.config import Config

from fcos_mm.analysis.figures.scene import make_scene
from fcos_mm.errors import UserError

NAMES = ('cup', 'jar')


@pytest.fixture
def cfg(tiny_config):
    return Config.fromfile(tiny_config)


@pytest.fixture
def image(tmp_path):
    """A gray image of 128x96, twice the size of the input."""
    path = tmp_path / 'grey.png'
    cv2.imwrite(str(path), np.full((96, 128, 3), 100, np.uint8))
    return str(path)


def test_boxes_are_resized_and_locations_assigned(cfg, image):
    scene = make_scene(cfg, image, [[16, 16, 80, 80]], [1], NAMES)
    assert scene.boxes.tolist() == [[8, 8, 40, 40]]
    assert scene.names == ['jar']
    assert scene.pixels.shape == (48, 64) and scene.pixels == pytest.approx(100)
    # Of P3's locations 4, 12, 20, ... four columns and four rows lie strictly inside.
    assert [level.name for level in scene.occupied] == ['P3']
    p3 = scene.levels[0]
    assert (p3.stride, p3.shape, p3.extent) == (8, (6, 8), (0, 64, 48, 0))
    assert [level.shape for level in scene.levels] == [(6, 8), (3, 4), (2, 2), (1, 1), (1, 1)]
    index = p3.cut(scene.gt_index).reshape(p3.shape)
    expected = np.full((6, 8), -1)
    expected[1:5, 1:5] = 0
    assert index.tolist() == expected.tolist()
    assert scene.points[p3.cut(scene.gt_index).argmax()].tolist() == [12, 12]


def test_center_ness_by_hand(cfg, image):
    scene = make_scene(cfg, image, [[16, 16, 80, 80]], [1], NAMES)
    target = scene.levels[0].cut(scene.target).reshape(6, 8)
    # (12, 12): l = t = 4, r = b = 28. (20, 12): l = 12, r = 20 instead.
    assert target[1, 1] == pytest.approx(4 / 28)
    assert target[1, 2] == pytest.approx((12 / 20 * 4 / 28)**0.5)
    assert target[2, 2] == pytest.approx(12 / 20)
    assert np.isnan(target[0, 0]) and np.isnan(target[5, 5])
    assert np.isfinite(scene.target).sum() == 16


def test_padding_is_white_and_has_cells(cfg, image):
    cfg.model.data_preprocessor.pad_size_divisor = 32
    scene = make_scene(cfg, image, [[16, 16, 80, 80]], [0], NAMES)
    assert scene.pixels.shape == (64, 64)
    assert scene.pixels[:48] == pytest.approx(100) and (scene.pixels[48:] == 255).all()
    assert scene.levels[0].shape == (8, 8)


def test_a_box_that_no_location_answers_for(cfg, image):
    scene = make_scene(cfg, image, [[2, 2, 6, 6], [16, 16, 80, 80]], [0, 1], NAMES)
    assert scene.unanswered == [0]
    assert scene.answered(scene.levels) == [1]


def test_the_locations_are_those_of_the_config(cfg, image):
    cfg.model.bbox_head.location_offset = 'zero'
    scene = make_scene(cfg, image, [[16, 16, 80, 80]], [0], NAMES)
    # 0, 8, 16, ...: those at 16, 24 and 32 lie strictly inside (8, 40).
    assert (scene.gt_index >= 0).sum() == 9
    assert scene.levels[0].extent == (-4, 60, 44, -4)


def test_no_boxes(cfg, image):
    scene = make_scene(cfg, image, np.zeros((0, 4)), [], NAMES)
    assert scene.occupied == [] and scene.unanswered == []
    assert np.isnan(scene.target).all()


def test_mistakes_are_named(cfg, image, tmp_path):
    with pytest.raises(UserError, match='gone.png'):
        make_scene(cfg, str(tmp_path / 'gone.png'), [[16, 16, 80, 80]], [0], NAMES)
    with pytest.raises(ValueError, match=r'labels must lie in 0..1, got \[2\]'):
        make_scene(cfg, image, [[16, 16, 80, 80]], [2], NAMES)
    cfg.model.pop('bbox_head')
    with pytest.raises(UserError, match='no FCOSHead at model.bbox_head'):
        make_scene(cfg, image, [[16, 16, 80, 80]], [0], NAMES)


def test_a_head_of_another_detector_is_refused(cfg, image):
    cfg.model.bbox_head = dict(type='mmdet.RetinaHead', num_classes=2, in_channels=16)
    with pytest.raises(UserError, match='no FCOSHead at model.bbox_head'):
        make_scene(cfg, image, [[16, 16, 80, 80]], [0], NAMES)
