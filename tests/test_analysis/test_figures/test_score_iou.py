"""Fig. 7."""
import numpy as np

from fcos_mm.analysis.figures import draw_score_iou
from fcos_mm.analysis.figures.score_iou import MAX_POINTS

# Under the line: the first and the last. The third lies on it.
BEFORE = np.array([0.9, 0.2, 0.5, 0.5]), np.array([0.5, 0.8, 0.5, 0.1])
AFTER = np.array([0.4, 0.2, 0.4]), np.array([0.5, 0.8, 0.3])


def test_points_and_titles(tmp_path):
    figure = draw_score_iou(BEFORE, AFTER, str(tmp_path / 'a.png'))
    left, right = figure.axes
    for axes, points in ((left, BEFORE), (right, AFTER)):
        cloud, = axes.collections
        np.testing.assert_array_equal(cloud.get_offsets(), np.stack(points, axis=1))
        line, = axes.get_lines()
        assert line.get_xydata().tolist() == [[0, 0], [1, 1]] and line.get_linestyle() == '--'
        assert axes.get_xlim() == (0, 1) and axes.get_ylim() == (0, 1)
        assert axes.get_xlabel() == 'score'
    assert left.get_ylabel().startswith('IoU')
    assert left.get_title() == 'Without center-ness\n4 detections, 50.0 % under the line'
    assert right.get_title() == 'With center-ness\n3 detections, 33.3 % under the line'
    assert (tmp_path / 'a.png').read_bytes().startswith(b'\x89PNG')


def test_many_points_are_counted_in_hexagons(tmp_path):
    scores, ious = np.random.default_rng(0).random((2, MAX_POINTS + 1))
    figure = draw_score_iou((scores, ious), (scores[:-1], ious[:-1]), str(tmp_path / 'a.png'))
    left, right, bar = figure.axes
    hexagons, points = left.collections[0], right.collections[0]
    assert hexagons.get_array().sum() == MAX_POINTS + 1
    assert hexagons.norm.vmax == hexagons.get_array().max()
    assert len(points.get_offsets()) == MAX_POINTS
    assert bar.get_ylabel() == 'detections in a hexagon'


def test_hexagons_of_both_panels_share_a_scale(tmp_path):
    spread = np.random.default_rng(0).random((2, MAX_POINTS + 1))
    heap = np.full((2, MAX_POINTS + 1), 0.5)
    left, right, _ = draw_score_iou(spread, heap, str(tmp_path / 'a.png')).axes
    assert left.collections[0].norm is right.collections[0].norm
    assert left.collections[0].norm.vmax == MAX_POINTS + 1


def test_no_detections(tmp_path):
    nothing = np.zeros(0), np.zeros(0)
    left, _ = draw_score_iou(nothing, AFTER, str(tmp_path / 'a.png')).axes
    assert left.get_title() == 'Without center-ness: no detections'
