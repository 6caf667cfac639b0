"""``levels`` and ``regress_ranges``, and the models that have none."""
import pytest

from fcos_mm.config import check_config
from fcos_mm.errors import UserError


@pytest.mark.parametrize('base, levels, neck, strides, ranges', [
    ('coco', 'P2-P5', (0, 4, -1), (4, 8, 16, 32), ((0, 32), (32, 64), (64, 128), (128, None))),
    ('coco', 'P3-P6', (1, 4, -1), (8, 16, 32, 64), ((0, 64), (64, 128), (128, 256), (256, None))),
    ('coco', 'P3-P4', (1, 2, 2), (8, 16), ((0, 64), (64, None))),  # P5 is not made
    ('coco', 'P4', (2, 1, 2), (16, ), ((0, None), )),
    ('swin', 'P3-P5', (0, 3, -1), (8, 16, 32), ((0, 64), (64, 128), (128, None))),
    ('bccd', 'P2-P4', (0, 3, 2), (4, 8, 16), ((0, 32), (32, 64), (64, None))),
    ('rt', 'P4-P6', (1, 3, -1), (16, 32, 64), ((0, 128), (128, 256), (256, None))),
    ('bifpn', 'P2-P5', (0, 4, -1), (4, 8, 16, 32), ((0, 32), (32, 64), (64, 128), (128, None))),
    ('bifpn', 'P3-P4', (1, 2, 2), (8, 16), ((0, 64), (64, None))),
    ('small', 'P2-P5', (0, 4, -1), (4, 8, 16, 32), ((0, 32), (32, 64), (64, 128), (128, None))),
])
def test_levels_worked_out_by_hand(load, base, levels, neck, strides, ranges):
    model = load(base, f"levels = '{levels}'").model
    assert (model.neck.start_level, model.neck.num_outs, model.neck.end_level) == neck
    assert tuple(model.bbox_head.strides) == strides
    assert model.bbox_head.assigner.regress_ranges == ranges


@pytest.mark.parametrize('text', [
    "levels = 'P2-P5'", "levels = 'P3-P7'", "levels = 'P2-P4'", "levels = 'P5'"])
def test_the_network_has_these_levels(load, text):
    """The check builds the model and runs it."""
    check_config(load('bccd', text), 'test')


@pytest.mark.parametrize('base, text', [
    ('rt', "levels = 'P3-P4'"), ('rt', "levels = 'P4-P6'"), ('bifpn', "levels = 'P2-P4'"),
    ('p2', "levels = 'P2-P4'")])
def test_other_backbones_and_necks_have_these_levels(load, base, text):
    check_config(load(base, text), 'test')


def test_the_config_with_p2_is_the_baseline_with_these_levels(load):
    assert load('coco', "levels = 'P2-P6'").model.bbox_head == load('p2').model.bbox_head
    neck = load('coco', "levels = 'P2-P6'").model.neck
    assert neck == dict(load('p2').model.neck, end_level=-1)


def test_of_a_grandchild_and_as_an_option(load, write):
    middle = write('coco', "levels = 'P3-P4'", 'middle.py')
    assert load(middle).model.neck.end_level == 2
    neck = load(middle, '', 'levels=P3-P7').model.neck
    assert (neck.start_level, neck.num_outs, neck.end_level) == (1, 5, -1)


def test_the_levels_that_are_there_keep_their_ranges(load):
    assert load('bccd', "levels = 'P3-P5'").model == load('bccd').model


def test_ranges(load):
    ranges = ((0, 24), (24, 48), (48, 96), (96, None))
    text = f"levels = 'P2-P5'\nregress_ranges = {ranges}"
    assert load('bccd', text).model.bbox_head.assigner.regress_ranges == ranges
    cfg = load('bccd', '', 'regress_ranges=((0,20),(20,40.5),(40.5,None))')
    assert cfg.model.bbox_head.assigner.regress_ranges == ((0, 20), (20, 40.5), (40.5, None))
    inner = dict(bbox_head=dict(assigner=dict(regress_ranges=ranges)))
    model = load('bccd', f"levels = 'P2-P5'\nmodel = {inner}").model
    assert model.bbox_head.assigner.regress_ranges == ranges


def test_proposals(load):
    """P2 to P6 with the paper's default ranges, which are written nowhere in this config."""
    head = load('proposals', "levels = 'P3-P6'").model.rpn_head
    assert head.strides == (8, 16, 32, 64)
    assert head.assigner == dict(type='fcos_mm.FCOSAssigner', regress_ranges=(
        (0, 64), (64, 128), (128, 256), (256, None)))


@pytest.mark.parametrize('base, text, said', [
    ('coco', "levels = 'P1-P5'", r'has P2 to P5 \(strides 4 to 32\)'),
    ('swin', "levels = 'P2-P5'", r'has P3 to P5 \(strides 8 to 32\)'),
    ('coco', "levels = 'P6-P7'", r'has P2 to P5'),
    ('coco', "levels = 'P5-P3'", "Write levels = 'P3-P7'"),
    ('coco', 'levels = (3, 5)', "Write levels = 'P3-P7'"),
    ('hrnet', "levels = 'P3-P5'", 'model.neck is no FPN'),
    ('two_stages', "levels = 'P3-P5'", 'model.roi_head reads the levels'),
    ('retinanet', "levels = 'P3-P5'", "levels='P3-P5': no head of the model is an FCOSHead"),
    ('retinanet', 'regress_ranges = ((0, None), )', 'no head of the model is an FCOSHead'),
    ('coco', 'regress_ranges = ((0, 64), (64, None))',
     'these are 2, and the head has 5 levels of strides 8, 16, 32, 64, 128'),
    ('coco', 'regress_ranges = (0, 64)', 'a pair of pixels for each level')])
def test_what_does_not_fit(load, base, text, said):
    with pytest.raises(UserError, match=said):
        load(base, text)
