"""Children of shipped configs."""
from pathlib import Path

import pytest
from mmengine.config import Config

from fcos_mm.cli import parse, train
from fcos_mm.config import load_config

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
BASES = {
    'coco': 'fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
    'jitter': 'fcos/fcos_r101-caffe_fpn_gn-head_ms-640-800-2x_coco.py',
    'mmdet': 'fcos/fcos_r50-caffe_fpn_gn-head_mmdet_1x_coco.py',
    'tta': 'fcos/fcos_r50-caffe_fpn_gn-head_tta_coco.py',
    'hrnet': 'fcos/fcos_hrnetv2p-w18_gn-head_1x_coco.py',
    'swin': 'fcos/fcos_swin-t_fpn_gn-head_1x_coco.py',
    'rt': 'fcos/fcos-rt_dla34_fpn_bn-head-shared_ms-256-608-4x_coco.py',
    'bifpn': 'fcos/fcos_r50-caffe_bifpn_gn-head_1x_coco.py',
    'p2': 'fcos/fcos_r50-caffe_p2-fpn_gn-head_1x_coco.py',
    'bccd': 'bccd/fcos_r18-half_fpn_scratch_bccd.py',
    'demo': 'demo/fcos_csp-w25_fpn_shapes.py',
    'retinanet': 'retinanet/retinanet_r50-caffe_fpn_1x_coco.py',
    'proposals': 'fcos_rpn/fcos-rpn_r50-caffe_fpn_gn-head_1x_coco.py',
    'two_stages': 'fcos_rpn/faster-rcnn_r50-caffe_fpn_fcos-rpn_1x_coco.py',
    'small': '_base_/small_data.py'}


@pytest.fixture
def write(tmp_path):
    """``write(base, text, name='mine.py')``: a child of a shipped config or a path, as a path."""

    def write(base, text, name='mine.py'):
        path = tmp_path / name
        path.write_text(f"_base_ = '{CONFIGS / BASES.get(base, str(base))}'\n{text}\n")
        return str(path)

    return write


@pytest.fixture
def load(write):
    """``load(base, text, *options)``: the child, with words of ``--cfg-options``."""

    def load(base, text='', *options) -> Config:
        words = ['a.py', *(['--cfg-options', *options] if options else [])]
        return load_config(write(base, text), parse(train, words).cfg_options)

    return load


def steps(cfg, split, kind):
    """The transforms of a type in the pipeline of a split."""
    pipeline = cfg[f'{split}_dataloader'].dataset.pipeline
    return [step for step in pipeline if step.type == kind]
