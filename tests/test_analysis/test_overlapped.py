"""The subset of images with overlapping boxes (Table 6)."""
import copy
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcos_mm.analysis.overlapped import overlapped_subset, overlapping_boxes

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'overlapped_subset.py'


def coco():
    boxes = [
        (1, [0, 0, 10, 10], 0), (1, [9, 9, 10, 10], 0), (1, [30, 30, 5, 5], 0),
        (2, [0, 0, 10, 10], 0), (2, [10, 0, 10, 10], 0),  # they touch
        (3, [0, 0, 10, 10], 0), (3, [2, 2, 3, 3], 1),  # a crowd
    ]
    return dict(
        info=dict(year=2019),
        images=[dict(id=i, file_name=f'{i}.png', width=60, height=40) for i in (4, 3, 2, 1)],
        categories=[dict(id=1, name='cup')],
        annotations=[dict(id=i, image_id=image, category_id=1, bbox=bbox, area=bbox[2] * bbox[3],
                          iscrowd=crowd)
                     for i, (image, bbox, crowd) in enumerate(boxes, start=1)])


def run_tool(monkeypatch, *argv):
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, argv)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(TOOL), run_name='__main__')
    return end.value.code


def test_by_hand():
    data = coco()
    before = copy.deepcopy(data)
    subset = overlapped_subset(data)
    assert [image['id'] for image in subset.data['images']] == [3, 1]
    assert [a['id'] for a in subset.data['annotations']] == [1, 2, 3, 6, 7]
    assert (subset.boxes, subset.overlapping) == (5, 4)
    assert subset.data['categories'] == data['categories'] and subset.data['info'] == data['info']
    assert data == before


def test_a_box_inside_another_and_the_same_box_twice():
    boxes = np.array([[0, 0, 9, 9], [2, 2, 3, 3], [20, 0, 5, 5], [20, 0, 5, 5], [0, 20, 5, 5.]])
    assert overlapping_boxes(boxes).tolist() == [True, True, True, True, False]


@given(st.lists(st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(1, 6)] * 2), max_size=6))
def test_against_the_pixels(boxes):
    """Boxes overlap if they have a pixel in common."""
    pixels = [{(x, y) for x in range(left, left + width) for y in range(top, top + height)}
              for left, top, width, height in boxes]
    expected = [any(mine & other for j, other in enumerate(pixels) if j != i)
                for i, mine in enumerate(pixels)]
    found = overlapping_boxes(np.array(boxes, dtype=np.float64).reshape(-1, 4))
    assert found.tolist() == expected


def test_the_tool(tmp_path, monkeypatch, capsys):
    source, target = tmp_path / 'in.json', tmp_path / 'folder' / 'out.json'
    source.write_text(json.dumps(coco()))
    assert run_tool(monkeypatch, source, target) == 0
    assert capsys.readouterr().out == (
        f'{target}: 2 images, 5 boxes, 4 of them (80.0 %) overlap another\n')
    assert json.loads(target.read_text()) == overlapped_subset(coco()).data


def test_nothing_overlaps(tmp_path, monkeypatch, capsys):
    data = coco()
    data['annotations'] = data['annotations'][:1]
    (tmp_path / 'in.json').write_text(json.dumps(data))
    assert run_tool(monkeypatch, tmp_path / 'in.json', tmp_path / 'out.json') == 2
    assert 'no image with overlapping boxes' in capsys.readouterr().err
    assert not (tmp_path / 'out.json').exists()


def test_a_file_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / 'in.json').write_text(json.dumps(coco()))
    assert run_tool(monkeypatch, tmp_path / 'in.json', tmp_path) == 2
    assert 'cannot be written' in capsys.readouterr().err


def test_the_paper(real_data):
    """The paper counts 3,986 images, 35,058 boxes and 30,625 overlapping ones."""
    data = json.loads((real_data / 'coco' / 'instances_val2017_bbox.json').read_text())
    subset = overlapped_subset(data)
    assert len(subset.data['images']) == pytest.approx(3986, rel=0.002)
    assert subset.boxes == pytest.approx(35058, rel=0.001)
    assert subset.overlapping == pytest.approx(30625, rel=0.01)
