"""Which pipelines and datasets a config may have."""
import pytest
from mmengine.config import Config

from fcos_mm.config.checks.datasets import check_datasets, first_dataset, leaf_datasets
from fcos_mm.config.checks.pipelines import check_pipelines
from fcos_mm.errors import UserError

LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True)]
PACK = dict(type='PackDetInputs')


def config(pipeline, loader='train_dataloader', **dataset):
    dataset = dict(dict(type='CocoDataset', ann_file='a.json', pipeline=pipeline), **dataset)
    return Config({'default_scope': 'fcos_mm', loader: dict(dataset=dataset)})


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
    ([dict(type='Unknown')], 'a name that is not known is not judged here'),
    ([lambda results: results], 'built in Python'),
])
def test_pipelines_that_may_work(pipeline, reason):
    check_pipelines(config(pipeline), 'train')


@pytest.mark.parametrize('pipeline, said', [
    (LOAD, ' does not pack its samples'), ([], ' does not pack its samples'),
    ([*LOAD, PACK, LOAD[0]], ".3.type: 'LoadImageFromFile' comes after PackDetInputs"),
    ([LOAD[1], PACK], ' does not load the image'),
    ([LOAD[0], PACK], ' loads no boxes to train on')])
def test_pipelines_that_cannot_work(pipeline, said):
    with pytest.raises(UserError, match=f'train_dataloader.dataset.pipeline{said}'):
        check_pipelines(config(pipeline), 'train')


def test_a_test_needs_no_boxes():
    check_pipelines(config([LOAD[0], PACK], 'test_dataloader'), 'test')
    check_pipelines(config([LOAD[0]]), 'test')  # another mode's loader


def test_the_pipeline_of_a_mix_goes_on_where_the_inner_one_ends():
    inner = dict(type='CocoDataset', pipeline=LOAD)
    check_pipelines(config([dict(type='Mosaic'), PACK], type='MultiImageMixDataset',
                           dataset=dict(type='RepeatDataset', dataset=inner)), 'train')
    inner['pipeline'] = [*LOAD, PACK]
    with pytest.raises(UserError, match='a dataset in a MultiImageMixDataset must not pack'):
        check_pipelines(config([dict(type='Mosaic')], type='MultiImageMixDataset', dataset=inner),
                        'train')


@pytest.mark.parametrize('settings', [
    dict(ann_file=''), dict(data_prefix={}), dict(data_root=None), dict(data_root='a'),
    dict(data_prefix=dict(img='a/', seg='b/')), dict(type='Unknown', ann_file=['a', 'b'])])
def test_settings_that_may_work(settings):
    check_datasets(config([], **settings), 'train')


def test_a_backslash_that_is_part_of_a_name(tmp_path):
    root = tmp_path / 'back\\slash'
    root.mkdir()
    (root / 'a.json').write_text('{}')
    check_datasets(config([], data_root=str(root)), 'train')
    with pytest.raises(UserError, match=r"ann_file is 'b\\\\a.json'(.|\n)*ann_file='b/a.json'"):
        check_datasets(config([], data_root=str(tmp_path), ann_file='b\\a.json'), 'train')


def test_leaves():
    leaves = [dict(type='CocoDataset', ann_file=name) for name in 'abc']
    dataset = dict(type='ConcatDataset', datasets=[
        leaves[0], dict(type='RepeatDataset', dataset=dict(type='ConcatDataset',
                                                           datasets=leaves[1:]))])
    assert list(leaf_datasets(dataset, 'd')) == [
        ('d.datasets.0', leaves[0]), ('d.datasets.1.dataset.datasets.0', leaves[1]),
        ('d.datasets.1.dataset.datasets.1', leaves[2])]
    assert first_dataset(dict(dataset=dataset)) == leaves[0]
    assert first_dataset(None) == {} and first_dataset({}) == {}
