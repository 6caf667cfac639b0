"""Sources by the names of weights, and what is said of others."""
import pytest
import torch

from fcos_mm.checkpoints.convert import recognise as module
from fcos_mm.checkpoints.convert.recognise import SOURCES, find_source, recognise
from fcos_mm.checkpoints.convert.source import Source
from fcos_mm.errors import UserError

MMDET = ['backbone.conv1.weight', 'bbox_head.cls_convs.0.conv.weight',
         'bbox_head.reg_convs.0.conv.weight', 'bbox_head.scales.0.scale']
TORCHVISION = ['backbone.body.conv1.weight', 'head.classification_head.cls_logits.weight',
               'head.regression_head.bbox_ctrness.weight']


def weights(*names):
    return dict.fromkeys(names, torch.zeros(1))


@pytest.mark.parametrize('names, expected', [
    ([*MMDET, 'bbox_head.conv_centerness.weight'], 'mmdet'),
    ([*MMDET, 'bbox_head.fcos_centerness.weight'], 'mmdet'),
    (TORCHVISION, 'torchvision')])
def test_sources_by_names(names, expected):
    assert recognise(weights(*names)).name == expected


@pytest.mark.parametrize('names', [
    ['backbone.conv1.weight', 'bbox_head.atss_centerness.weight', 'bbox_head.scales.0.scale',
     'bbox_head.cls_convs.0.conv.weight', 'bbox_head.reg_convs.0.conv.weight'],
    ['backbone.body.conv1.weight', 'head.classification_head.cls_logits.weight',
     'head.regression_head.bbox_reg.weight'],  # torchvision's RetinaNet
    ['conv1.weight', 'fc.weight']])
def test_other_detectors_are_refused(names):
    with pytest.raises(UserError) as error:
        recognise(weights(*names), 'some.pth')
    message = str(error.value)
    assert f'some.pth is not an FCOS checkpoint that can be converted.\nIt has {len(names)} ' in (
        message)
    assert '.'.join(names[0].split('.')[:2]) in message and 'torchvision fcos_resnet50' in message


def test_several_sources(monkeypatch):
    twin = Source('twin', 'a twin', lambda names: True, lambda *args: None)
    monkeypatch.setattr(module, 'SOURCES', ('one', 'two'))
    monkeypatch.setattr(module, 'find_source', lambda name: twin._replace(name=name))
    with pytest.raises(UserError, match=r'fit several sources: one, two.\nSay which: --from one'):
        recognise(weights('a'))


def test_a_source_by_its_name():
    assert all(find_source(name).name == name for name in SOURCES)
    with pytest.raises(UserError, match="no source 'caffe'. Choose from mmdet, torchvision"):
        find_source('caffe')
