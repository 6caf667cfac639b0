"""mmengine's runner, with a readable screen, clear words on weights and safe checkpoints."""
import contextlib
import itertools
import os
from collections.abc import Iterator

import torch
from mmdet.utils import setup_cache_size_limit_of_dynamo
from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.registry import RUNNERS
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner
from torch import nn

from fcos_mm.apis.build_errors import build_errors_by_key
from fcos_mm.apis.console import prints_to_log_file, tidy_screen
from fcos_mm.atomic_file import replaced
from fcos_mm.checkpoints.class_rows import check_classes, keep_rows
from fcos_mm.checkpoints.fit import ALLOWED_BY, TakenWeights
from fcos_mm.checkpoints.frozen_layers import check_frozen, record_loading, unfreezing_options
from fcos_mm.compat.modules import inner_model
from fcos_mm.config.keys import walk
from fcos_mm.config.pip_weights import NO_DOWNLOAD
from fcos_mm.engine import ProgressHook, RunHeaderHook
from fcos_mm.engine.distributed.scale_lr import scale_learning_rate
from fcos_mm.engine.distributed.zero import gather_shares
from fcos_mm.engine.resume.preemption import spare_workers
from fcos_mm.engine.resume.resume_point import MAKE_ROOM
from fcos_mm.errors import UserError, first_line
from fcos_mm.visualization import ours

_numbers = itertools.count()


class ToolRunner(Runner):
    """The runner of ``tools/train.py`` and ``tools/test.py``.

    Building, training and testing raise a UserError where a component refuses its settings.
    """

    _class_rows = None  # what was taken from a checkpoint of other classes

    def build_logger(self, *args, **kwargs):
        """Build mmengine's logger and shorten what it shows on the screen."""
        logger = super().build_logger(*args, **kwargs)
        tidy_screen(logger)
        return logger

    def register_default_hooks(self, hooks: dict | None = None) -> None:
        """Register the default hooks; one that is None is left out, mmengine's or ours."""
        super().register_default_hooks(
            {name: Hook() if hook is None else hook for name, hook in (hooks or {}).items()})

    def train(self) -> nn.Module:
        """Train the model."""
        with build_errors_by_key(self.cfg), _progress_ends(self):
            return super().train()

    def test(self) -> dict:
        """Test the model."""
        with build_errors_by_key(self.cfg), _progress_ends(self):
            return super().test()

    @staticmethod
    def build_dataloader(dataloader, *args, **kwargs):
        """Build a data loader; pycocotools' prints go to the log file.

        Its generator is its own: a resumed run, which starts it at another time, has the same
        random numbers. Settings for workers are left out where there are none.
        """
        with prints_to_log_file():
            loader = Runner.build_dataloader(_without_workers(dataloader), *args, **kwargs)
        loader.generator = torch.Generator()
        spare_workers(loader)
        return loader

    def build_visualizer(self, visualizer=None):
        """Build the visualizer, ours in the place of mmdet's.

        It has a name of its own: mmengine returns an old one of the same name, which writes into
        the work dir of an earlier run.
        """
        if isinstance(visualizer, dict):
            visualizer = {**ours(visualizer), 'name': f'{self.experiment_name} {next(_numbers)}'}
        return super().build_visualizer(visualizer)

    def build_evaluator(self, evaluator):
        """Build the evaluator; pycocotools' prints go to the log file."""
        with prints_to_log_file():
            return super().build_evaluator(evaluator)

    def build_model(self, model) -> nn.Module:
        """Build the model, and note what is loaded into it from now on."""
        return record_loading(super().build_model(model))

    def load_checkpoint(self, filename: str, *args, **kwargs) -> dict:
        """Load a checkpoint and log how much of it the model has taken.

        A training that starts from the weights of other classes keeps the rows of those it has.

        Raises:
            UserError: If most of the weights would be random; if a run resumes with other classes.
        """
        with prints_to_log_file():
            checkpoint = super().load_checkpoint(filename, *args, **kwargs)
        taken = TakenWeights(filename, checkpoint.get('state_dict', checkpoint), self.model,
                             self._class_rows)
        self.logger.info(taken)
        if self._must_not_be_random():
            taken.check_most()
        return checkpoint

    def call_hook(self, fn_name: str, **kwargs) -> None:
        """Call the hooks; a loaded checkpoint is first brought to the classes of the training."""
        if fn_name == 'after_load_checkpoint' and isinstance(self._train_loop, BaseLoop):
            self._fit_classes(**kwargs)
        super().call_hook(fn_name, **kwargs)

    def _fit_classes(self, checkpoint: dict) -> None:
        checkpoint.setdefault('state_dict', dict(checkpoint))  # mmengine's EMAHook asks for it
        classes = getattr(self.train_dataloader.dataset, 'metainfo', {}).get('classes')
        if classes and self._resume:
            check_classes(self._load_from, checkpoint, classes)
        elif classes:
            self._class_rows = keep_rows(checkpoint, self.model, classes)

    def load_or_resume(self) -> None:
        """Load or resume a checkpoint, if the config asks for one.

        Raises:
            UserError: If layers will be trained on that are random and frozen.
        """
        super().load_or_resume()
        if self._must_not_be_random():
            check_frozen(inner_model(self.model))

    def _must_not_be_random(self) -> bool:
        return isinstance(self._train_loop, BaseLoop) and not self.cfg.get(ALLOWED_BY, False)

    def build_train_loop(self, loop) -> BaseLoop:
        """Build the training loop.

        Raises:
            UserError: If an epoch has no batch.
        """
        loop = super().build_train_loop(loop)
        loader = loop.dataloader
        if isinstance(loop, EpochBasedTrainLoop) and not len(loader):
            raise UserError(
                f'An epoch has no full batch: the training set has {len(loader.dataset)} images, '
                f'a batch {loader.batch_sampler.batch_size} for each of {self.world_size} '
                'process(es). Lower train_dataloader.batch_size or set '
                'train_dataloader.drop_last=False.')
        return loop

    def scale_lr(self, optim_wrapper, auto_scale_lr: dict | None = None) -> None:
        """Scale the learning rate to the images of a step, and log it."""
        if auto_scale_lr is None or not auto_scale_lr.get('enable', False):
            return
        loader = self._train_dataloader
        batch_size = loader['batch_size'] if isinstance(loader, dict) else loader.batch_size
        self.logger.info(scale_learning_rate(
            optim_wrapper, batch_size, auto_scale_lr['base_batch_size']))

    def save_checkpoint(self, out_dir: str, filename: str, *args, **kwargs) -> None:
        """Save a checkpoint atomically. All ranks have to call this.

        Raises:
            UserError: If it cannot be written, as on a full disk.
        """
        gather_shares(self.optim_wrapper)
        self._save_on_rank_0(out_dir, filename, *args, **kwargs)

    @master_only
    def _save_on_rank_0(self, out_dir: str, filename: str, *args, **kwargs) -> None:
        if '://' in str(out_dir):
            return super().save_checkpoint(out_dir, filename, *args, **kwargs)
        with replaced(os.path.join(out_dir, filename), MAKE_ROOM) as path:
            super().save_checkpoint(out_dir, os.path.basename(path), *args, **kwargs)

    def _init_model_weights(self) -> None:
        try:
            super()._init_model_weights()
        except (UserError, ImportError, OSError, RuntimeError, ValueError, KeyError) as error:
            settings = list(pretrained_settings(self.cfg.model))
            if not settings:
                raise
            raise UserError(_describe(settings, error, self.model)) from error


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a config; its own ``runner_type`` has precedence."""
    setup_cache_size_limit_of_dynamo()
    with build_errors_by_key(cfg):
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else ToolRunner.from_cfg(cfg)
    runner.register_hook(RunHeaderHook())
    return runner


@contextlib.contextmanager
def _progress_ends(runner: Runner) -> Iterator[None]:
    """Remove the progress display at the end, after an error or Ctrl-C too."""
    try:
        yield
    finally:
        for hook in runner.hooks:
            if isinstance(hook, ProgressHook):
                hook.close()


def _without_workers(dataloader):
    """A loader's config; without workers, without what torch takes for workers only."""
    if not isinstance(dataloader, dict) or dataloader.get('num_workers', 0) != 0:
        return dataloader
    return {key: value for key, value in dataloader.items()
            if key not in ('persistent_workers', 'prefetch_factor')}


def pretrained_settings(cfg: dict) -> Iterator[tuple[str, str]]:
    """The dotted key and the checkpoint of each pretrained ``init_cfg`` in a model's config."""
    for key, part in walk(cfg, 'model'):
        if (isinstance(part, dict) and str(part.get('type')).split('.')[-1] == 'Pretrained'
                and 'checkpoint' in part):
            yield key, part['checkpoint']


def _describe(settings: list[tuple[str, str]], error: Exception, model: nn.Module) -> str:
    keys = ' and '.join(f'{key} (checkpoint {checkpoint!r})' for key, checkpoint in settings)
    reason = first_line(error)
    options = [f'{key}=None' for key, _ in settings]
    for part in dict.fromkeys(key.split('.')[1] for key, _ in settings):
        options += unfreezing_options(inner_model(model), part)
    return (f'Pretrained weights cannot be loaded: {reason}\n'
            f'They are requested by {keys}.\n'
            f'Set {settings[0][0]}.checkpoint to a file on this machine, or start from random '
            f'weights, of which none may be frozen:\n--cfg-options {" ".join(options)}'
            + f'\n{NO_DOWNLOAD}' * any('://' in checkpoint for _, checkpoint in settings))
