"""What ``tools/analysis_tools/assignment_stats.py`` says and writes."""
import json
import runpy
import sys
from pathlib import Path

import pytest

from fcos_mm.analysis.assignment_report import report
from fcos_mm.analysis.location_samples import LocationSamples

TOOL = Path(__file__).parents[2] / 'tools' / 'analysis_tools' / 'assignment_stats.py'


def statistics(**changes):
    lost = dict(annotation_id=1, image_id=1, size=[3, 3], input_size=[6, 6], reason='too_small')
    levels = [dict(stride=8, regress_range=[0, 64], positives=300, boxes=600),
              dict(stride=16, regress_range=[64, 1e8], positives=100, boxes=400)]
    return dict(dict(
        ann_file='ann.json', sample='location', num_images=5, num_gt=1000, num_recalled=995,
        bpr=99.5, num_positive=400, ambiguous=2.0, ambiguous_other_class=1.0,
        left_out=dict(crowd=3, other_category=0, not_usable=0), levels=levels,
        input=dict(scale=(1333, 800), keep_ratio=True, divisor=32, notes=('a remark', )),
        reasons=LocationSamples.reasons, unanswered=[lost] * 5), **changes)


def run_tool(monkeypatch, *argv):
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, argv)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(TOOL), run_name='__main__')
    return end.value.code


def test_settings_that_fit():
    text = report(statistics())
    assert 'ann.json: 5 images, 1000 boxes (left out: 3 crowd)' in text
    assert 'input: resized to at most 1333 x 800, padded to a multiple of 32' in text
    assert 'note: a remark' in text
    assert 'best possible recall: 99.50 % (995 of 1000 boxes have a positive location)' in text
    assert '2.00 % of 400 positive locations are claimed by several boxes, 1.00 %' in text
    assert '     8         0 - 64        300 (75.0 %)        600 (60.0 %)' in text
    assert '    16       64 - inf        100 (25.0 %)        400 (40.0 %)' in text
    assert 'too small for the strides (median 6 x 6 pixels of the input)' in text
    assert text.endswith('The settings fit: no cause loses 1 % of the boxes, and every level '
                         'serves at least 1 %.')


def test_boxes_that_are_too_small():
    text = report(statistics(unanswered=statistics()['unanswered'] * 2))
    assert '10 ( 1.0 %) boxes are lost (too_small). Use a larger input' in text
    assert 'The settings fit' not in text


def test_a_level_that_is_hardly_used():
    levels = statistics()['levels'] + [
        dict(stride=32, regress_range=[512, None], positives=9, boxes=9)]
    text = report(statistics(levels=levels))
    assert '512 - inf' in text
    assert 'The level of stride 32 serves 9 ( 0.9 %) boxes: too few to train it.' in text
    assert 'The settings fit' not in text


def test_every_box_is_answered_for():
    assert 'Every box has a positive location.' in report(statistics(unanswered=[]))


def test_images_that_are_not_resized():
    size = dict(scale=None, keep_ratio=True, divisor=1, notes=())
    assert 'input: images are not resized, padded to a multiple of 1' in report(
        statistics(input=size))


def test_the_tool(tiny_config, tiny_data, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'folder' / 'stats.json'
    assert run_tool(monkeypatch, tiny_config, '--ann-file', tiny_data / 'train.json', '--out',
                    out) == 0
    printed = capsys.readouterr()
    found = json.loads(out.read_text())
    assert '8 boxes' in printed.out and str(out) in printed.out and '4/4' in printed.err
    assert found['num_gt'] == 8 and found['num_images'] == 4
    assert found['config'] == str(tiny_config)
    assert len(found['levels']) == 5
    # Boxes of 12 to 21 pixels: all in the first regress range, and 64x48 images have no level
    # that serves none of them but the first.
    assert found['num_positive'] == found['levels'][0]['positives'] > 0
    assert 'The level of stride 16 serves 0 ( 0.0 %) boxes' in printed.out


def test_options_change_the_config(tiny_config, tiny_data, tmp_path, monkeypatch, capsys):
    positives = {}
    for scale in ([], ['--scale', 256, 192]):
        out = tmp_path / 'stats.json'
        options = [tiny_config, '--ann-file', tiny_data / 'train.json', '--out', out, *scale,
                   '--cfg-options', 'model.bbox_head.assigner.center_sampling_radius=1.5']
        assert run_tool(monkeypatch, *options) == 0
        positives[bool(scale)] = json.loads(out.read_text())['levels']
    # With center sampling a box has at most 3 x 3 locations a level.
    assert 0 < positives[False][0]['positives'] <= 8 * 9
    assert positives[True][1]['positives'] > 0


def test_low_quality_matches(tiny_data, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'stats.json'
    config = TOOL.parents[2] / 'configs' / 'retinanet' / 'retinanet_r50-caffe_fpn_1x_coco.py'
    assert run_tool(
        monkeypatch, config, '--ann-file', tiny_data / 'train.json', '--low-quality-matches',
        '--out', out, '--cfg-options', 'train_dataloader.dataset.metainfo.classes=cup,jar') == 0
    found = json.loads(out.read_text())
    assert found['sample'] == 'anchor'
    assert found['low_quality_matches']['>= 0.4'] == found['bpr']  # the config's own rule
    assert found['low_quality_matches']['all'] == 100
    assert '     all  100.00 %' in capsys.readouterr().out


@pytest.mark.parametrize('options, message', [
    (['--ann-file', 'none.json'], 'none.json'),
    (['--ann-file', 'none.json', '--scale', '0', '9'], 'must be positive'),
])
def test_mistakes(tiny_config, monkeypatch, capsys, options, message):
    assert run_tool(monkeypatch, tiny_config, *options) == 2
    assert message in capsys.readouterr().err


def test_an_output_that_cannot_be_written(tiny_config, tiny_data, tmp_path, monkeypatch, capsys):
    assert run_tool(monkeypatch, tiny_config, '--ann-file', tiny_data / 'train.json', '--out',
                    tmp_path) == 2
    assert 'cannot be written' in capsys.readouterr().err
