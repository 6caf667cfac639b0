"""Testing an exported detector on the data of a config, with the config's metrics."""
import argparse
import os.path as osp
from collections.abc import Sequence

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import InstanceData

from fcos_mm import runtime
from fcos_mm.apis.image_files import as_rgb
from fcos_mm.apis.named_inputs import ending_kind
from fcos_mm.apis.resolve import resolve
from fcos_mm.apis.runner import build_runner
from fcos_mm.apis.trained_model import find_model
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.config.datasets import leaf_datasets
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.datasets.walk import metainfo_of
from fcos_mm.detection.exported import check_exported, refuse_options
from fcos_mm.errors import UserError, shorten
from fcos_mm.registry import MODELS

_KEPT = ('LoadImageFromFile', 'LoadAnnotations', 'PackDetInputs')


@MODELS.register_module()
class ExportedDetector(BaseModel):
    """An exported detector as a model of mmengine's test loop.

    Args:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.detector = runtime.Detector(path, score_thr=0)

    def __deepcopy__(self, memo: dict) -> 'ExportedDetector':
        """The same: it has no weights that hooks of the training could average."""
        return self

    def forward(self, *args, **kwargs) -> None:
        """Not there: it is not trained."""
        raise NotImplementedError

    def test_step(self, data: dict) -> list[DetDataSample]:
        """Detect in a batch.

        Args:
            data: ``inputs``: images as they were read, (3, height, width) BGR; and
                ``data_samples``.

        Returns:
            The samples, with ``pred_instances`` in pixels of their image: all candidates
            of the file.
        """
        images = [np.ascontiguousarray(as_rgb(image.permute(1, 2, 0).numpy()))
                  for image in data['inputs']]
        found = self.detector(images, batch_size=len(images))
        for sample, one in zip(data['data_samples'], found, strict=True):
            sample.pred_instances = InstanceData(
                bboxes=torch.from_numpy(np.asarray(one.boxes, np.float32).reshape(-1, 4)),
                scores=torch.from_numpy(np.asarray(one.scores, np.float32)),
                labels=torch.from_numpy(np.asarray(one.labels, np.int64)))
        return data['data_samples']


def build_exported_test(args: argparse.Namespace) -> Runner:
    """The runner that tests an exported file in the place of a checkpoint.

    Args:
        args: The options of ``fcos-mm test``; ``checkpoint`` is the file.

    Raises:
        UserError: If the file, the config or the data cannot be used, an option is of PyTorch
            alone, or the file detects other classes than those of the data.
    """
    path = args.checkpoint
    check_exported(path)
    _refuse(args)
    trust_checkpoints(args.trust_checkpoint)
    recorded = osp.isdir(args.config) or ending_kind(args.config) == 'checkpoint'
    cfg = find_model(args.config, options=args.cfg_options).cfg if recorded else None
    cfg, _ = resolve(args, 'test', cfg)
    check_config_data(cfg, 'test')
    set_exported(cfg, path)
    runner = build_runner(cfg)
    model = runner.model.detector
    _check_classes(path, model.info.classes,
                   metainfo_of(runner.test_dataloader.dataset).get('classes', ()))
    runner.logger.info(f'model       {path} ({model.info.mode}, {model.info.precision})')
    return runner


def set_exported(cfg: Config, path: str) -> None:
    """Make a resolved config test an exported file on images as they are read."""
    cfg.model = ConfigDict(type='fcos_mm.ExportedDetector', path=path)
    cfg.load_from = None
    for key, dataset in leaf_datasets(cfg.test_dataloader.dataset, 'test_dataloader.dataset'):
        steps = [step for step in dataset.get('pipeline') or ()
                 if str(step.get('type')).rpartition('.')[2] in _KEPT]
        if len(steps) < 2:
            raise UserError(f'{key}.pipeline has no LoadImageFromFile or no PackDetInputs.\n'
                            'An exported model prepares images itself: it needs only these two.')
        dataset.pipeline = steps


def _refuse(args: argparse.Namespace) -> None:
    refuse_options(args.checkpoint, dict(precision=getattr(args, 'precision', None)))
    for name, reason in (('fast', 'it runs in its own runtime'),
                         ('tta', 'only PyTorch tests with augmentation')):
        if getattr(args, name):
            raise UserError(f'--{name} is not for {args.checkpoint}: {reason}.\nLeave it out.')
    if args.launcher != 'none':
        raise UserError(f'--launcher {args.launcher}: an exported model is tested in one process.')


def _check_classes(path: str, ours: Sequence[str], theirs: Sequence[str]) -> None:
    if tuple(ours) != tuple(theirs):
        raise UserError(f'{path} detects {shorten(list(ours))}, but the classes of the test data '
                        f'are {shorten(list(theirs))}.\nGive the config that the model was '
                        'trained with, or data with these classes in this order.')
