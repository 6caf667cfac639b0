"""Boxes without a location are named."""
import json

from fcos_mm.config import load_config
from fcos_mm.recipes.coverage import coverage_lines


def test_all_boxes_have_a_location(tiny_config, tiny_data):
    line, = coverage_lines(load_config(str(tiny_config)), str(tiny_data / 'train.json'), (64, 48))
    assert line.startswith('8 of 8 boxes (100.00 %) have a location; ')


def test_boxes_without_a_location_are_named(tiny_config, tiny_data, tmp_path):
    data = json.loads((tiny_data / 'train.json').read_text())
    data['annotations'][0]['bbox'] = [5.0, 5.0, 2.0, 3.0]  # the locations are at 4, 12, ...
    (tmp_path / 'a.json').write_text(json.dumps(data))
    lines = coverage_lines(load_config(str(tiny_config)), str(tmp_path / 'a.json'), (64, 48))
    assert lines[0].startswith('7 of 8 boxes (87.50 %)')
    assert lines[1:] == [
        '1 has none (median size 2 x 3 input pixels), in 1 image: train_1.png',
        '  1: falls between the locations: too small for the strides']
