"""Configs with a mistake in what they build: types, arguments, and keys that exclude each other."""
import pytest

from fcos_mm.apis.runner import build_runner
from fcos_mm.cli import train
from fcos_mm.config import check_config, load_config
from fcos_mm.errors import UserError

BCCD = 'configs/bccd/fcos_r18-half_fpn_scratch_bccd.py'

def pipeline(*names: str, split: str = 'train') -> str:
    transforms = ', '.join(f"dict(type='{name}'{_SETTINGS.get(name, '')})" for name in names)
    return f'{split}_dataloader = dict(dataset=dict(pipeline=[{transforms}]))'


_SETTINGS = {'Resize': ', scale=(64, 64)', 'LoadAnnotations': ', with_bbox=True',
             'RandomFlip': ', prob=0.5', 'Mosaic': ', img_scale=(64, 64)',
             'MixUp': ', img_scale=(64, 64)', 'Normalize': ', mean=[0.0], std=[1.0]',
             'FilterAnnotations': ', min_gt_bbox_wh=(1, 1)', 'Albu': ', transforms=[]'}
LOAD = ('LoadImageFromFile', 'LoadAnnotations')

# What is written behind the demo's config, and what the error has to say.
NAMES = [
    ("model = dict(type='FCOSS')", ["model.type: no model 'FCOSS'", "'FCOS'"]),
    ("model = dict(bbox_head=dict(type='FCOSHed'))", ['model.bbox_head.type', "'FCOSHead'"]),
    ("model = dict(bbox_head=dict(num_class=6))", ['model.bbox_head.num_class', "'num_classes'"]),
    ("model = dict(backbone=dict(frozen_stage=1))", ['model.backbone.frozen_stage', 'CSPDarknet']),
    ("model = dict(bbox_head=dict(assigner=dict(center_sampling_radiu=1)))",  # two deep
     ['model.bbox_head.assigner.center_sampling_radiu', "'center_sampling_radius'"]),
    ("model = dict(bbox_head=dict(norm_cfg=dict(type='GNN')))",
     ['model.bbox_head.norm_cfg.type', "'GN'"]),
    ("model = dict(bbox_head=dict(init_cfg=dict(type='Kaimin')))",
     ['model.bbox_head.init_cfg.type', "'Kaiming'"]),
    ("model = dict(test_cfg=dict(score_threshold=0.3))",  # nothing reads it: silently 0.05
     ['model.test_cfg.score_threshold', "'score_thr'"]),
    ("model = dict(test_cfg=dict(nms=dict(type='nmss')))", ['model.test_cfg.nms.type', "'nms'"]),
    ("train_dataloader = dict(batchsize=8)", ['train_dataloader.batchsize', "'batch_size'"]),
    ("train_dataloader = dict(samples_per_gpu=8)", ['samples_per_gpu', 'batch_size']),  # mmdet 2
    ("train_dataloader = dict(dataset=dict(type='CocoDatset'))",
     ['train_dataloader.dataset.type', "'CocoDataset'"]),
    ("val_dataloader = dict(dataset=dict(ann_fil='a.json'))",
     ['val_dataloader.dataset.ann_fil', "'ann_file'"]),
    ("train_dataloader = dict(sampler=dict(type='DefaultSample'))",
     ['train_dataloader.sampler.type', "'DefaultSampler'"]),
    ("train_dataloader = dict(dataset=dict(type='CheckpointHook'))",  # a name of another registry
     ['not registered as dataset, but as hook']),
    ("val_evaluator = dict(metrics='bbox')", ['val_evaluator.metrics', "'metric'"]),
    ("val_evaluator = dict(iou_thr=[0.5])", ['val_evaluator.iou_thr', "'iou_thrs'"]),
    ("val_evaluator = dict(type='CocoMetrics')", ['val_evaluator.type', "'CocoMetric'"]),
    ("optim_wrapper = dict(optimizer=dict(type='SDG'))",
     ['optim_wrapper.optimizer.type', "'SGD'"]),
    ("optim_wrapper = dict(optimizer=dict(weight_decy=0.1))",
     ['optim_wrapper.optimizer.weight_decy', "'weight_decay'"]),
    ("optim_wrapper = dict(accumulative_count=2)", ["'accumulative_counts'"]),
    ("optim_wrapper = dict(clip_grad=dict(max_nrm=1))", ['clip_grad.max_nrm', "'max_norm'"]),
    ("optim_wrapper = dict(paramwise_cfg=dict(bias_lr_mul=2))",  # silently without effect
     ['paramwise_cfg.bias_lr_mul', "'bias_lr_mult'"]),
    ("optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mul=0.1)}))",
     ['custom_keys.backbone.lr_mul', "'lr_mult'"]),
    ("param_scheduler = [dict(type='CosineAnealingLR')]",
     ['param_scheduler.0.type', "'CosineAnnealingLR'"]),
    ("param_scheduler = [dict(type='MultiStepLR', milestone=[1])]",
     ['param_scheduler.0.milestone', "'milestones'"]),
    ("train_cfg = dict(type='EpochBasedTrainLop')", ['train_cfg.type', "'EpochBasedTrainLoop'"]),
    ("train_cfg = dict(val_intervall=2)", ['train_cfg.val_intervall', "'val_interval'"]),
    ("default_hooks = dict(checkpoint=dict(intervall=2))",
     ['default_hooks.checkpoint.intervall', "'interval'"]),
    ("default_hooks = dict(early=dict(monitor='bbox_mAP'))",  # no type
     ['default_hooks.early', 'no type']),
    ("custom_hooks = [dict(type='EMAHok')]", ['custom_hooks.0.type', "'EMAHook'"]),
    ("visualizer = dict(vis_backend=[])", ['visualizer.vis_backend', "'vis_backends'"]),
    ("log_processor = dict(window=5)", ['log_processor.window', "'window_size'"]),
    ("randomness = dict(sed=1)", ['randomness.sed', "'seed'"]),
    ("env_cfg = dict(mp_cfg=dict(start_method='fork'))",
     ['env_cfg.mp_cfg.start_method', "'mp_start_method'"]),
    ("model = dict(type='mmpretrain.ImageClassifier')", ['pip install mmpretrain']),
]

PACKAGES = [
    (pipeline(*LOAD, 'Albu', 'PackDetInputs'), 'pip install albumentations'),
    ("visualizer = dict(vis_backends=[dict(type='TensorboardVisBackend')])",
     'pip install tensorboard'),
    ("visualizer = dict(vis_backends=[dict(type='WandbVisBackend')])", 'pip install wandb'),
    ("train_dataloader = dict(dataset=dict(type='LVISV1Dataset'))", 'lvis-api'),
]

RULES = [
    ("train_dataloader = dict(batch_size=0)", ['train_dataloader.batch_size=0', '1 or more']),
    ("val_dataloader = dict(batch_size=-2)", ['val_dataloader.batch_size=-2']),
    ("train_dataloader = dict(batch_size='8')", ["train_dataloader.batch_size='8'"]),
    ("train_dataloader = dict(num_workers=-1)", ['train_dataloader.num_workers=-1']),
    ("train_dataloader = dict(shuffle=True)", ['train_dataloader.sampler.shuffle']),  # mmdet 2
    ("train_dataloader = dict(sampler=dict(_delete_=True, type='AspectRatioBatchSampler'))",
     ['train_dataloader.batch_sampler']),
    ("train_dataloader = dict(batch_sampler=dict(type='DefaultSampler'))",
     ['batch_sampler.type', 'does not make batches']),
    ("train_dataloader = dict(batch_sampler=dict(type='AspectRatioBatchSampler'), drop_last=True)",
     ['train_dataloader.batch_sampler.drop_last']),
    # pipelines
    (pipeline(*LOAD, 'Mosaic', 'PackDetInputs'), ['pipeline.2', 'MultiImageMixDataset']),
    (pipeline(*LOAD, 'MixUp', 'PackDetInputs', split='val'), ['val_dataloader', 'MultiImageMix']),
    (pipeline('Resize', *LOAD, 'PackDetInputs'), ['pipeline.0', 'LoadImageFromFile first']),
    (pipeline('LoadImageFromFile', 'Resize', 'PackDetInputs'), ['loads no boxes']),
    (pipeline('LoadImageFromFile', 'Resize', 'LoadAnnotations', 'PackDetInputs'),  # wrong boxes
     ['pipeline.1', 'LoadAnnotations before it']),
    (pipeline('LoadImageFromFile', 'FilterAnnotations', 'LoadAnnotations', 'PackDetInputs'),
     ['pipeline.1', 'needs boxes']),
    (pipeline(*LOAD, 'Resize'), ['PackDetInputs', 'last transform']),
    (pipeline(*LOAD, 'PackDetInputs', 'RandomFlip'), ['pipeline.3', 'comes after']),
    (pipeline(*LOAD, 'Normalize', 'PackDetInputs'),
     ["pipeline.2.type: 'Normalize' normalises the image", 'model.data_preprocessor']),  # twice
    (pipeline(*LOAD, 'DefaultFormatBundle', 'Collect'), ['PackDetInputs']),  # mmdet 2
    (pipeline(*LOAD, 'ImageToTensor', 'PackDetInputs'),
     ["pipeline.2.type: 'ImageToTensor' has no place", 'PackDetInputs']),
    ("train_dataloader = dict(dataset=dict(_delete_=True, type='MultiImageMixDataset', dataset="
     "dict(type='CocoDataset', ann_file='a', pipeline=[dict(type='LoadImageFromFile'), "
     "dict(type='LoadAnnotations'), dict(type='PackDetInputs')]), "
     "pipeline=[dict(type='Mosaic'), dict(type='PackDetInputs')]))", ['end of the outer']),
    # loops
    ("train_dataloader = dict(sampler=dict(type='InfiniteSampler'))",  # ran for ever
     ['train_dataloader.sampler.type', 'train_cfg.type', "'DefaultSampler'"]),
    ("val_dataloader = dict(sampler=dict(type='InfiniteSampler'))",
     ['val_dataloader.sampler.type', 'never ends']),
    ("train_cfg = dict(max_iters=100)", ['train_cfg.max_iters=100', 'max_epochs']),
    ("train_cfg = dict(max_epochs=0)", ['train_cfg.max_epochs=0']),
    ("train_cfg = dict(max_epochs=1.5)", ['train_cfg.max_epochs=1.5']),
    ("train_cfg = dict(by_epoch=True)", ['train_cfg.by_epoch', 'type']),
    ("train_cfg = dict(val_interval=0)", ['train_cfg.val_interval=0', 'val_cfg=None']),
    ("val_dataloader = None", ['val_dataloader', 'val_cfg', 'val_evaluator']),
    ("param_scheduler = [dict(type='MultiStepLR', end=2, milestones=[3])]\n"
     'train_cfg = dict(max_epochs=5)', ['param_scheduler.0', '.end=5']),
    ("param_scheduler = [dict(type='CosineAnnealingLR', begin=2)]",
     ['param_scheduler.0', 'begins at 2']),
]

# Behind a config that trains 1,000 iterations with a cosine of that length.
ITERATIONS = [
    ('train_cfg = dict(max_epochs=3)', ['train_cfg.max_epochs=3', 'train_cfg.max_iters']),
    ("train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=3)",  # the old length stays
     ['train_cfg.max_iters=1000', '_delete_']),
    ('train_cfg = dict(max_iters=3000)', ['1000', '3000', 'param_scheduler.1.end=3000',
                                          'T_max=2900']),
    ("param_scheduler = [dict(type='MultiStepLR', milestones=[8, 11])]",  # epochs by default
     ['param_scheduler.0', 'by_epoch=False']),
    ('default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1))',
     ['default_hooks.checkpoint.by_epoch=False']),
]


# What a component says itself when it is built.
REFUSALS = [
    ("model = dict(bbox_head=dict(_delete_=True, type='FCOSHead', in_channels=64))",
     ['model.bbox_head: FCOSHead needs num_classes']),
    ("model = dict(bbox_head=dict(regression='rel'))",
     ['model.bbox_head: regression must be', "got 'rel'"]),
    ("model = dict(backbone=dict(_delete_=True, type='ResNet', depth=19))",
     ['model.backbone: ResNet', 'depth=19']),
    ("val_evaluator['metric'] = 'bboxes'", ['val_evaluator: CocoMetric', "metric='bboxes'"]),
    ("optim_wrapper = dict(optimizer=dict(lr=-1.0))",
     ['optim_wrapper.optimizer: AdamW', 'learning rate: -1.0']),
]


LONE = 'num_workers=0, persistent_workers=True, prefetch_factor=2'
OWN_NECK = """
from mmengine.registry import MODELS
from torch import nn

@MODELS.register_module(force=True)
class OwnNeck(nn.Module):
    def __init__(self, style=dict(type='of no registry')):
        raise ValueError('a fault of my own')
"""


def fault(config, mode: str = 'train') -> str:
    with pytest.raises(UserError) as caught:
        check_config(load_config(str(config)), mode)
    messages = getattr(caught.value, 'messages', [str(caught.value)])
    assert all(len(message.splitlines()) <= 4 for message in messages)
    return str(caught.value)


@pytest.mark.parametrize('text, expected', NAMES + RULES)
def test_mistake_is_named_before_anything_is_built(write_config, text, expected):
    message = fault(write_config(text))
    assert all(part in message for part in expected), message


@pytest.mark.parametrize('text, expected', ITERATIONS)
def test_mistake_in_a_config_that_counts_iterations(tmp_path, field, text, expected):
    config = tmp_path / 'child.py'
    config.write_text(f"_base_ = '{field.root / BCCD}'\n{text}\n")
    message = fault(config)
    assert all(part in message for part in expected), message


@pytest.mark.parametrize('text, command', PACKAGES)
def test_missing_package_is_named_with_its_command(write_config, monkeypatch, text, command):
    monkeypatch.setattr('fcos_mm.config.checks.packages._is_installed', lambda module: False)
    assert command in fault(write_config(text))


@pytest.mark.parametrize('text, expected', REFUSALS)
def test_refusal_of_a_component_names_its_key(write_config, tmp_path, run, text, expected):
    with pytest.raises(UserError) as caught:
        run(train, write_config(text), '--work-dir', tmp_path / 'work')
    message = str(caught.value)
    assert all(part in message for part in expected), message
    assert len(message.splitlines()) <= 4


def test_error_of_a_users_component_keeps_its_traceback(write_config, tmp_path, monkeypatch):
    (tmp_path / 'own_neck.py').write_text(OWN_NECK)
    monkeypatch.syspath_prepend(tmp_path)
    config = load_config(str(write_config("""
model = dict(neck=dict(type='OwnNeck', _delete_=True))
custom_imports = dict(imports=['own_neck'])""")))
    config.work_dir = str(tmp_path / 'work')
    check_config(config, 'train')
    with pytest.raises(ValueError, match='of my own'):
        build_runner(config)


def test_no_workers_under_a_base_that_keeps_them(write_config, tmp_path, run):
    """`persistent_workers` and `prefetch_factor` mean nothing without workers."""
    config = write_config(f'train_dataloader.update({LONE})\nval_dataloader.update({LONE})')
    run(train, config, '--work-dir', tmp_path / 'work')
    assert (tmp_path / 'work' / 'epoch_1.pth').exists()
