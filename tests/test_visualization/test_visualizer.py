"""Drawing where mmdet's visualizer stops."""
import warnings

import mmcv
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from fcos_mm.registry import VISUALIZERS
from fcos_mm.visualization import DetLocalVisualizer

IMAGE = np.full((80, 120, 3), 200, np.uint8)


def sample(labels, boxes=((10., 40., 60., 70.), )):
    boxes = torch.tensor(boxes * len(labels) if len(boxes) == 1 else boxes)
    return DetDataSample(pred_instances=InstanceData(
        bboxes=boxes, labels=torch.tensor(labels), scores=torch.full((len(labels), ), 0.9)))


def draw(drawn, out_file, **meta):
    visualizer = DetLocalVisualizer(line_width=2, alpha=1.0)
    visualizer.dataset_meta = meta
    visualizer.add_datasample('a', IMAGE, drawn, draw_gt=False, out_file=str(out_file))
    return visualizer


def test_configs_get_it_by_the_plain_name():
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        built = VISUALIZERS.build(dict(type='DetLocalVisualizer', name='by the plain name'))
    assert type(built) is DetLocalVisualizer


def test_the_colour_of_a_class_that_has_none(tmp_path):
    draw(sample([1]), tmp_path / 'a.png', classes=('a', 'b'), palette=[(250, 40, 40)])
    drawn = mmcv.imread(str(tmp_path / 'a.png'))[..., ::-1].astype(int)
    assert np.abs(drawn[69:71, 20:50] - (40, 250, 250)).max(axis=-1).min() < 60


@pytest.mark.parametrize('meta', [
    dict(classes=('a', 'b')), dict(), dict(palette=[]), dict(classes=('a', ), palette=[(1, 2, 3)]),
    dict(classes=('$a$b', '猫', 'a', 'b', 'c', 'd'), palette=((1, 2, 3), (3, 4, 5)))])
def test_metainfo_in_part(tmp_path, meta):
    draw(sample([0, 5]), tmp_path / 'a.png', **meta)
    assert mmcv.imread(str(tmp_path / 'a.png')).shape == IMAGE.shape


def test_boxes_up_to_and_over_the_border_are_drawn_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        draw(sample([0, 1], ((0., 0., 120., 80.), (-5., -5., 130., 90.))), tmp_path / 'a.png',
             classes=('a', 'b'))


def test_images_of_one_name_in_two_folders_of_a_test_are_both_kept(tmp_path):
    visualizer = draw(sample([0]), tmp_path / 'a.png')
    visualizer.add_datasample('a', IMAGE, sample([0]), out_file=str(tmp_path / 'a.png'))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.png', 'a_2.png']


def test_no_part_of_a_drawing_is_left(tmp_path, monkeypatch):
    def full(image, path):
        open(path, 'wb').write(b'part')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(mmcv, 'imwrite', full)
    with pytest.raises(OSError, match='No space'):
        draw(sample([0]), tmp_path / 'a.png')
    assert not [*tmp_path.iterdir()]


def test_drawings_do_not_depend_on_those_before():
    """What is drawn into one figure again and again, and by a new one."""
    used = DetLocalVisualizer()
    large = np.full((90, 200, 3), 30, np.uint8)
    for image, boxes in ((large, ((0., 0., 190., 80.), )), (IMAGE, ((10., 40., 60., 70.), ))):
        used.add_datasample('a', image, sample([0], boxes), draw_gt=False)
    new = DetLocalVisualizer()
    new.add_datasample('a', IMAGE, sample([0]), draw_gt=False)
    assert used.get_image().shape == IMAGE.shape
    assert np.array_equal(used.get_image(), new.get_image())


def test_sizes_of_labels_follow_the_image():
    """The label is above the box, in the color of the class, up to 2 % of the long side high."""
    heights = []
    for factor in (8, 16):
        image = np.full((80 * factor, 120 * factor, 3), 200, np.uint8)
        visualizer = DetLocalVisualizer(line_width=1, alpha=1.0)
        visualizer.dataset_meta = dict(classes=('a', ), palette=[(250, 40, 40)])
        box = tuple(float(side * factor) for side in (40, 40, 60, 70))
        visualizer.add_datasample('a', image, sample([0], (box, )), draw_gt=False)
        above = visualizer.get_image()[:40 * factor - 3, 40 * factor:60 * factor].astype(int)
        red = np.abs(above - (250, 40, 40)).max(axis=-1) < 9
        heights.append(int(red.any(axis=1).sum()))
    assert 0.012 * 960 < heights[0] < 0.025 * 960 and 1.8 < heights[1] / heights[0] < 2.2
