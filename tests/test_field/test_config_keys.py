"""Keys of configs and of ``--cfg-options`` that nothing reads."""
import json
from pathlib import Path

import pytest

from fcos_mm.cli import parse, train
from fcos_mm.config import find_config, load_config
from fcos_mm.errors import UserError

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
DEMO = CONFIGS / 'demo' / 'fcos_csp-w25_fpn_shapes.py'
BCCD = CONFIGS / 'bccd' / 'fcos_r18-half_fpn_scratch_bccd.py'
COCO = CONFIGS / 'fcos' / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'
FASTER = CONFIGS / 'rpn' / 'faster-rcnn_r50-caffe_fpn_1x_coco.py'
IMPROVED = CONFIGS / 'fcos' / ('fcos_r50-caffe_fpn_gn-head-center-normbbox-centeronreg-giou'
                               '_1x_coco.py')

#: An option, and the key that its error names.
OPTIONS = [
    # mmdet 2
    (DEMO, 'optimizer.lr=0.5', 'optim_wrapper.optimizer.lr=0.5'),
    (DEMO, 'runner.max_epochs=3', 'train_cfg.max_epochs=3'),
    (DEMO, 'total_epochs=3', 'train_cfg.max_epochs=3'),
    (DEMO, 'data.samples_per_gpu=8', 'train_dataloader.batch_size=8'),
    (DEMO, 'data.workers_per_gpu=0', 'train_dataloader.num_workers=0'),
    (DEMO, 'data.train.ann_file=a.json', 'train_dataloader.dataset.ann_file=a.json'),
    (DEMO, 'data.val.img_prefix=a', 'val_dataloader.dataset.data_prefix.img=a'),
    (DEMO, 'evaluation.interval=1', 'train_cfg.val_interval=1'),
    (DEMO, 'evaluation.save_best=auto', 'default_hooks.checkpoint.save_best=auto'),
    (DEMO, 'checkpoint_config.interval=1', 'default_hooks.checkpoint.interval=1'),
    (DEMO, 'log_config.interval=1', 'default_hooks.logger.interval=1'),
    (DEMO, 'optimizer_config.grad_clip.max_norm=1', 'optim_wrapper.clip_grad.max_norm=1'),
    (DEMO, 'lr_config.step=8,11', 'param_scheduler'),
    (DEMO, 'dist_params.backend=gloo', 'env_cfg.dist_cfg.backend=gloo'),
    (DEMO, 'cudnn_benchmark=True', 'env_cfg.cudnn_benchmark=True'),
    (DEMO, 'seed=3', 'randomness.seed=3'),
    (DEMO, 'resume_from=a.pth', '--resume CHECKPOINT'),
    (DEMO, 'gpu_ids=0,1', 'tools/dist_train.sh'),
    (DEMO, 'model.pretrained=None', 'model.backbone.init_cfg'),
    # the last part of a key alone
    (DEMO, 'max_epochs=3', 'Write train_cfg.max_epochs=3.'),
    (COCO, 'max_epochs=3', 'Write epochs=3.'),  # counts in another unit
    (COCO, 'total_iters=3', 'write train_cfg.max_iters=3.'),
    (DEMO, 'num_workers=3', 'Write train_dataloader.num_workers=3 or '),
    (DEMO, 'num_classes=3', 'Write model.bbox_head.num_classes=3.'),
    (DEMO, 'optim.lr=0.5', 'Write optim_wrapper.optimizer.lr=0.5.'),  # another parent
    # misspelt
    (DEMO, 'epoch=3', 'Write epochs=3.'),
    (DEMO, 'trian_dataloader.batch_size=3', 'Write train_dataloader.batch_size=3.'),
    (DEMO, 'default_hooks.chekpoint.interval=3', 'Write default_hooks.checkpoint.interval=3.'),
    (DEMO, 'train_dataloader.batchsize=3', 'Write train_dataloader.batch_size=3.'),
    (DEMO, 'train_dataloader.samples_per_gpu=3', 'Write train_dataloader.batch_size=3.'),
    (DEMO, 'foo=3', "extra_keys = ['foo']"),
    # variables that the config has copied
    (DEMO, 'train_pipeline.2.scale=9', 'Write train_dataloader.dataset.pipeline.2.scale=9.'),
    (COCO, 'test_pipeline=None', 'Write val_dataloader.dataset.pipeline=None and '
     'test_dataloader.dataset.pipeline=None.'),  # test_dataloader = val_dataloader
    (DEMO, 'vis_backends=None', 'Write visualizer.vis_backends=None.'),
    (BCCD, 'max_iters=3', 'Write train_cfg.max_iters=3 and param_scheduler.1.end=3. '
     'Adapt as well: param_scheduler.1.T_max.'),
]

#: Lines of a child, and what their error says.
FILES = [
    (DEMO, 'max_epochs = 3', 'Write train_cfg = dict(max_epochs=max_epochs).'),
    (DEMO, 'weight_decay = 0.1',
     'Write optim_wrapper = dict(optimizer=dict(weight_decay=weight_decay)).'),
    (DEMO, 'num_classes = 2', 'Write model = dict(bbox_head=dict(num_classes=num_classes)).'),
    (DEMO, 'train_pipeline = []',
     'Write train_dataloader = dict(dataset=dict(pipeline=train_pipeline)).'),
    (COCO, 'train_pipeline = []',
     'Write train_dataloader = dict(dataset=dict(pipeline=train_pipeline)).'),
    (DEMO, "vis_backends = [dict(type='TensorboardVisBackend')]",
     'Write visualizer = dict(vis_backends=vis_backends).'),
    (DEMO, 'prob = 0.3', 'train_dataloader.dataset.pipeline.3.prob'),  # in a list
    (IMPROVED, 'improved_head = dict(regression="exp")', 'Write model = dict(bbox_head='),
    (DEMO, 'default_hook = dict(timer=None)', "Did you mean 'default_hooks'?"),
    (DEMO, 'a, b = 1, 2\nrandomness = dict(seed=a)', 'b is set in'),
    (DEMO, 'train_pipeline = [{{_base_.train_pipeline}}]', 'train_pipeline is set in'),
    (DEMO, 'pipeline = []\nfor _ in range(2):\n    pipeline.append(1)', 'pipeline is set in'),
    (DEMO, "optimizer = dict(type='SGD', lr=0.1)", 'Its place is optim_wrapper.optimizer.'),
    (DEMO, "lr_config = dict(policy='step')", 'Its place is param_scheduler'),
    (DEMO, 'fp16 = dict(loss_scale=512.)', 'AmpOptimWrapper'),
    (DEMO, 'workflow = [("train", 1)]', 'train_cfg.val_interval'),
    (DEMO, 'img_norm_cfg = dict(mean=[0])', 'Its place is model.data_preprocessor'),
    (DEMO, 'data = dict(samples_per_gpu=8)\nevaluation = dict(interval=1)', 'has 2 faults'),
    (DEMO, 'classes = 3', 'is not a list of names'),
    (DEMO, "data_root = 'a/'\ntrain_dataloader = dict(dataset=dict(data_root='b/'))",
     'data_root is set in'),  # another root is written out for one of the datasets
    (DEMO, 'randomness = dict(seed=true)', "line 2, cannot be loaded: NameError: name 'true'"),
]

#: Lines of a child that change something, or nothing that anybody could have meant.
ACCEPTED = [
    ('', 'nothing'),
    ('scale = (64, 64)\ntrain_pipeline = [dict(type="Resize", scale=scale)]\n'
     'train_dataloader = dict(dataset=dict(pipeline=train_pipeline))', 'variables that are read'),
    ('pipeline = []\ntrain_dataloader = {"dataset": {"pipeline": pipeline}}', 'another spelling'),
    ('pipeline = {{_base_.train_pipeline}}\ntrain_dataloader = dict(dataset=dict(pipeline='
     'pipeline))', 'a variable of the base'),
    ('seed = 3\nrandomness = dict(seed=seed)', 'a variable called as an old key'),
    ('import os\n_root = os.getcwd()\nn = 3\ndef f():\n    return n\nwork_dir = str(f())', 'code'),
    ("dataset_type = 'CocoDataset'", 'what its base says too'),
    ('max_epochs = 18', 'what holds anyway'),
    ("data_root = 'a/'\ntrain_dataloader = dict(dataset=dict(data_root='a/'))", 'said twice'),
    ("extra_keys = ['mine']\nmine = 3", 'declared'),
    ("runner_type = 'Runner'\nsync_bn = 'torch'\nfind_unused_parameters = True\n"
     "model_wrapper_cfg = dict(type='MMDistributedDataParallel')\ncompile = False\n"
     "tta_model = None\ntta_pipeline = []\ncustom_hooks = []\nexperiment_name = 'a'\n"
     'launcher = "none"', 'all that is read besides the arguments of a runner'),
]


def write(folder, text, base=DEMO, name='mine.py'):
    (folder / name).write_text(f"_base_ = '{base}'\n{text}\n")
    return str(folder / name)


def parsed(option):
    """The words of ``--cfg-options`` as the tools parse them."""
    return parse(train, ['config.py', '--cfg-options', *option.split(' ')]).cfg_options


def assert_short(error):
    for message in getattr(error, 'messages', [str(error)]):
        assert len(message.splitlines()) <= 4


@pytest.mark.parametrize('base, option, expected', OPTIONS, ids=lambda value: str(value)[:40])
def test_options_that_nothing_reads(base, option, expected):
    with pytest.raises(UserError) as caught:
        load_config(str(base), parsed(option))
    assert expected in str(caught.value)
    assert f'--cfg-options {option.split("=")[0]}=' in str(caught.value)
    assert_short(caught.value)


@pytest.mark.parametrize('base, text, expected', FILES, ids=lambda value: str(value)[:40])
def test_names_that_nothing_reads(base, text, expected, tmp_path):
    with pytest.raises(UserError) as caught:
        load_config(write(tmp_path, text, base))
    assert expected in str(caught.value)
    assert_short(caught.value)


@pytest.mark.parametrize('text, reason', ACCEPTED, ids=lambda value: str(value)[:40])
def test_names_that_are_accepted(text, reason, tmp_path):
    load_config(write(tmp_path, text))


@pytest.mark.parametrize('option', [
    'model.bbox_head.centerness.source=none', 'train_dataloader.dataset.indices=8',
    'train_dataloader.pin_memory=True', 'param_scheduler.1.power=2', 'model.backbone.init_cfg=None',
    'default_hooks.mine.type=EMAHook', 'optim_wrapper.paramwise_cfg.custom_keys.neck.lr_mult=0.1',
    'train_dataloader.dataset.data_prefix.img2=a', 'env_cfg.dist_cfg.timeout=9', 'load_from=a.pth',
    'custom_hooks=[]', 'work_dir=a', 'auto_scale_lr.base_batch_size=4', 'randomness.seed=1'])
def test_options_that_are_accepted(option):
    cfg = load_config(str(DEMO), parsed(option))
    value = cfg
    for part in option.partition('=')[0].split('.'):
        value = value[int(part) if part.isdigit() else part]
    assert value == next(iter(parsed(option).values()))


def test_a_training_stops_before_anything(tmp_path, run):
    with pytest.raises(UserError, match='write optim_wrapper.optimizer.lr=0.5'):
        run(train, DEMO, '--work-dir', tmp_path / 'w', '--cfg-options', 'optimizer.lr=0.5')
    assert not (tmp_path / 'w').exists()


# Files of other kinds

def test_base_of_the_users_own(tmp_path):
    """Variables that a base offers are fine; one that sets its own base's again is not."""
    write(tmp_path, 'my_head = dict(stacked_convs=1)\nunused = 3', name='offers.py')
    cfg = load_config(write(tmp_path, 'model = dict(bbox_head={{_base_.my_head}})', 'offers.py'))
    assert cfg.model.bbox_head.stacked_convs == 1
    write(tmp_path, 'train_pipeline = []', name='middle.py')
    with pytest.raises(UserError, match=r'train_pipeline is set in .*middle.py'):
        load_config(write(tmp_path, '', 'middle.py'))
    load_config(write(tmp_path, 'train_dataloader = dict(dataset=dict(pipeline='
                      '{{_base_.train_pipeline}}))', 'middle.py'))


@pytest.mark.parametrize('suffix', ['json', 'yaml'])
def test_data_files(suffix, tmp_path):
    path = tmp_path / f'mine.{suffix}'  # JSON is YAML

    def written(**content):
        path.write_text(json.dumps(dict(_base_=str(DEMO), **content)))
        return str(path)

    assert load_config(written(train_cfg=dict(max_epochs=3))).train_cfg.max_epochs == 3
    with pytest.raises(UserError, match='Write train_cfg.max_epochs'):
        load_config(written(max_epochs=3))
    cfg = load_config(written(data_root='mine/', classes=['a', 'b']))
    assert cfg.train_dataloader.dataset.data_root == 'mine/'
    assert cfg.model.bbox_head.num_classes == 2


def test_configs_by_import(tmp_path):
    (tmp_path / 'basis.py').write_text(
        "from fcos_mm.models import FCOS\nsteps = 3\ntrain_cfg = dict(by_epoch=False, max_iters="
        "steps)\nmodel = dict(type=FCOS)\ndata_root = 'theirs/'\npipeline = []\n"
        'train_dataloader = dict(batch_size=2, '
        'dataset=dict(data_root=data_root, pipeline=pipeline))')
    start = 'from mmengine.config import read_base\nwith read_base():\n    from .basis import *\n'
    path = tmp_path / 'mine.py'
    path.write_text(f'{start}batch = 4\ntrain_dataloader.update(batch_size=batch)\n'
                    'train_cfg.max_iters = 5\n')
    cfg = load_config(str(path))
    assert (cfg.train_dataloader.batch_size, cfg.train_cfg.max_iters) == (4, 5)
    path.write_text(f"{start}data_root = 'mine/'\n")
    cfg = load_config(str(path))
    assert (cfg.train_dataloader.dataset.data_root, cfg.data_root) == ('mine/', 'mine/')
    cfg.dump(str(tmp_path / 'dumped.py'))
    path.write_text(f'{start}pipeline = [1]\n')
    with pytest.raises(UserError, match='Write train_dataloader.dataset.pipeline = pipeline'):
        load_config(str(path))


@pytest.mark.parametrize('name, reason', [
    ('ssd/ssd300_coco.py', 'sets an old key of mmdet 2'),
    ('simple_copy_paste/mask-rcnn_r50_fpn_rpn-2conv_4conv1fc_syncbn-all_32xb2-ssj-90k_coco.py',
     'sets a variable of its base'),
    ('mm_grounding_dino/rtts/grounding_dino_swin-t_finetune_8xb4_1x_rtts.py',
     'has a data_root that moves nothing'),
])
def test_files_of_a_package_may_hold_what_they_like(name, reason, tmp_path):
    shipped = f'mmdet::{name}'
    load_config(shipped)
    path = find_config(shipped)
    load_config(path)
    load_config(write(tmp_path, '', path))
    (tmp_path / 'copied.py').write_text("_base_ = 'mmdet::ssd/ssd300_coco.py'\nmax_iters = 3\n")
    with pytest.raises(UserError, match='max_iters is set in'):
        load_config(str(tmp_path / 'copied.py'))


@pytest.mark.parametrize('base', [DEMO, COCO, IMPROVED, FASTER], ids=lambda path: path.stem[:20])
def test_a_dumped_config_holds_variables_of_its_bases(base, tmp_path):
    load_config(str(base)).dump(str(tmp_path / 'dumped.py'))
    load_config(str(tmp_path / 'dumped.py'), {'model.test_cfg.score_thr': 0.1})


def test_a_whole_config_of_mmdet_2(tmp_path):
    path = tmp_path / 'old.py'
    path.write_text("model = dict(type='FCOS')\ndata = dict(samples_per_gpu=2)\n"
                    "optimizer = dict(type='SGD', lr=0.01)\ntotal_epochs = 12\n")
    with pytest.raises(UserError, match='the config has 3 faults'):
        load_config(str(path))
