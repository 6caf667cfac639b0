"""Detect in all images of a split, with the class score of each detection."""
import copy
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric

from fcos_mm.apis.reporting.predictions import Predictions, collect
from fcos_mm.apis.reporting.split import Split, set_test_split
from fcos_mm.apis.runner import build_runner
from fcos_mm.checkpoints.fit import check_checkpoint
from fcos_mm.config import check_config
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.faults import counted

_HEADS, _QUALITIES = ('FCOSHead', 'fcos_mm.FCOSHead'), ('Centerness', 'fcos_mm.Centerness')
_POST_PROCESSORS = ('FCOSPostProcessor', 'fcos_mm.FCOSPostProcessor')


class _Recorder(BaseMetric):
    """Keeps the detections, and measures the time from the first batch to the last."""

    default_prefix = 'report'

    def __init__(self) -> None:
        super().__init__()
        self.samples: list[dict] = []
        self.batches: list[tuple[float, int]] = []  # when each was done, and its images

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        self.batches.append((time.perf_counter(), len(data_samples)))
        for sample in data_samples:
            found = {name: value.cpu() for name, value in sample['pred_instances'].items()
                     if name != 'masks' and isinstance(value, torch.Tensor)}
            self.results.append(dict(
                {name: sample[name] for name in ('img_id', 'img_path', 'ori_shape')},
                pred_instances=found))

    def compute_metrics(self, results: list) -> dict:
        self.samples = results
        return {}

    @property
    def seconds(self) -> float | None:
        """Of an image, without the first batch."""
        images = sum(count for _, count in self.batches[1:])
        return (self.batches[-1][0] - self.batches[0][0]) / images if images else None


def predict(cfg: Config, checkpoint: str, split: Split, order: dict[Any, int]) -> Predictions:
    """Detect in all images of a split.

    Args:
        cfg: The config of a test; not changed.
        checkpoint: The weights.
        split: What to detect in.
        order: The place of each image's id in the annotation file.

    Raises:
        UserError: If the config, the data or the checkpoint cannot be used.
    """
    recorder = _Recorder()
    with tempfile.TemporaryDirectory(prefix='fcos_mm_report_') as work_dir:
        cfg = _for_inference(cfg, checkpoint, split, work_dir)
        check_config(cfg, 'test')
        check_config_data(cfg, 'test')
        print(f"detecting in {counted(len(order), 'image')} ...", flush=True)
        runner = build_runner(cfg)
        check_checkpoint(checkpoint, runner.model)
        runner.test_evaluator.metrics.append(recorder)
        runner.test()
    return collect(recorder.samples, order, recorder.seconds)


def _for_inference(cfg: Config, checkpoint: str, split: Split, work_dir: str) -> Config:
    """A config that detects in a split, evaluates nothing and logs warnings alone."""
    cfg = copy.deepcopy(cfg)
    set_test_split(cfg, split)
    keep_class_scores(cfg.model)
    cfg.launcher, cfg.load_from, cfg.resume, cfg.test_evaluator = 'none', checkpoint, False, []
    cfg.work_dir, cfg.log_level = work_dir, 'WARNING'
    cfg.visualizer = dict(type='DetLocalVisualizer', vis_backends=[])
    return cfg


def keep_class_scores(model: dict) -> None:
    """Make the detections of a model with center-ness keep their class scores.

    Other models, and post-processors of a user's own, stay as they are.
    """
    head = model.get('bbox_head')
    if not isinstance(head, dict) or head.get('type') not in _HEADS:
        return
    quality = {'type': 'Centerness', **(head.get('centerness') or {})}
    rule = {'type': 'FCOSPostProcessor', **(head.get('postprocess') or {})}
    if (quality['type'] in _QUALITIES and quality.get('source') != 'none'
            and rule['type'] in _POST_PROCESSORS):
        head['postprocess'] = {**rule, 'type': 'fcos_mm.ScoredPostProcessor'}


def made_by(cfg: Config, checkpoint: str, split: Split) -> dict[str, Any]:
    """What the predictions depend on: they are made again where any of it differs."""
    settings = json.dumps([cfg.model, cfg.get(f'{split.name}_dataloader')], sort_keys=True,
                          default=str)
    return dict(checkpoint=_state(checkpoint), ann_file=_state(split.ann_file),
                settings=hashlib.sha256(settings.encode()).hexdigest())


def _state(path: str) -> list:
    state = os.stat(path)
    return [Path(path).name, state.st_size, state.st_mtime_ns]
