"""Which pipelines a config may have."""
import pytest
from mmengine.config import Config

from fcos_mm.config.checks.pipelines import pipeline_faults

LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True)]
PACK = dict(type='PackDetInputs')


def faults(pipeline, split='train', **dataset):
    dataset = dict(dict(type='CocoDataset', pipeline=pipeline), **dataset)
    cfg = Config({'default_scope': 'fcos_mm', f'{split}_dataloader': dict(dataset=dataset)})
    return list(pipeline_faults(cfg, split))


@pytest.mark.parametrize('pipeline, reason', [
    ([*LOAD, PACK], 'the usual'),
    ([*LOAD, dict(type='mmdet.PackDetInputs')], 'by scope'),
    ([*LOAD, dict(type='Albu', transforms=[dict(type='ShiftScaleRotate')]), PACK],
     "Albumentations' names are not of the registry"),
    ([*LOAD, dict(type='MultiBranch', branch_field=['sup'], sup=PACK)], 'semi-supervised'),
    ([*LOAD, dict(type='TestTimeAug', transforms=[[dict(type='RandomFlip', prob=1.)], [PACK]])],
     'packed inside'),
    ([*LOAD, dict(type='PackTrackInputs')], 'another packing'),
    ([dict(type='mmdet.LoadImageFromNDArray'), dict(type='LoadEmptyAnnotations'), PACK],
     'other loading'),
    ([dict(type='Unknown')], 'an unknown name is not judged here'),
    ([lambda results: results], 'built in Python'),
])
def test_pipelines_that_may_work(pipeline, reason):
    assert faults(pipeline) == []


@pytest.mark.parametrize('pipeline, said', [
    ([], 'does not pack its samples'), ([LOAD[1], PACK], 'does not load the image')])
def test_pipelines_that_cannot_work(pipeline, said):
    assert f'train_dataloader.dataset.pipeline {said}' in '\n'.join(faults(pipeline))


def test_a_test_needs_no_boxes():
    assert faults([LOAD[0], PACK], 'test') == []


@pytest.mark.parametrize('inner, outer, count', [
    (LOAD, [dict(type='Mosaic'), PACK], 0), ([*LOAD, PACK], [dict(type='Mosaic')], 2)])
def test_the_pipeline_of_a_mix_goes_on_where_the_inner_one_ends(inner, outer, count):
    repeated = dict(type='RepeatDataset', dataset=dict(type='CocoDataset', pipeline=inner))
    assert len(faults(outer, type='MultiImageMixDataset', dataset=repeated)) == count
