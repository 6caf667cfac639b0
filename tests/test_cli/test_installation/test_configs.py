"""``fcos-mm configs``: which rows it shows."""
import json

import pytest

from fcos_mm.cli import main
from fcos_mm.cli.installation import configs
from fcos_mm.cli.installation.configs import origin
from fcos_mm.config.shipped import config_facts
from fcos_mm.errors import UserError


def names(capsys, *words):
    main(configs, [*words, '--json'])
    return [entry['name'] for entry in json.loads(capsys.readouterr().out)]


def test_all_of_them(capsys):
    assert names(capsys) == [facts.name for facts in config_facts()]


@pytest.mark.parametrize('pattern, expected', [
    ('BCCD', ['fcos_r18-half_fpn_scratch_bccd', 'fcos_efficientnet-lite0_fpn_bccd']),
    ('bccd/*', ['fcos_r18-half_fpn_scratch_bccd', 'fcos_efficientnet-lite0_fpn_bccd']),
    ('fcos_r18_*', ['fcos_r18_fpn_gn-head_1x_coco']),
    ('Swin', ['fcos_swin-t_fpn_gn-head_1x_coco'])])
def test_pattern(pattern, expected, capsys):
    assert names(capsys, pattern) == expected


def test_nothing_fits():
    with pytest.raises(UserError, match="matches 'fcos_swin_fpn_gn-head_1x_coco'. Did you mean "
                                        "'fcos_swin-t_fpn_gn-head_1x_coco'"):
        main(configs, ['fcos_swin_fpn_gn-head_1x_coco'])


def test_a_row_of_the_table(capsys):
    main(configs, ['fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'])
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if 'fcos_r50' in line)
    assert row.split() == ['fcos_r50-caffe_fpn_gn-head_1x_coco', '1333x800', '32.3', 'M', 'AP',
                           '36.6', 'minival', 'by', 'download']
    assert "the paper's baseline" in shown and '(Table 4)' in shown
    assert 'fcos-mm train fcos_r50-caffe_fpn_gn-head_1x_coco' in shown


@pytest.mark.parametrize('address, expected', [
    ('', 'none'), ('pip://efficientnet-lite0', 'by pip'),
    ('open-mmlab://detectron/resnet50_caffe', 'by download')])
def test_origin_of_weights(address, expected):
    assert origin(address) == expected
