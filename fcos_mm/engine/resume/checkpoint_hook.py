"""Autosave before validation, periodically and on preemption; checkpoints that resume exactly."""
import os
import time
from pathlib import Path
from typing import Any

from mmengine.dist import barrier, is_main_process
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook as MMEngineCheckpointHook

from fcos_mm.atomic_file import remove_unfinished, replaced
from fcos_mm.compat.optimizers import accumulative_counts
from fcos_mm.compat.runner_state import is_resuming, loaded_checkpoint
from fcos_mm.datasets.samplers import unseeded_part
from fcos_mm.engine.resume.preemption import EXIT_STATUS, Agreement, StopRequest
from fcos_mm.engine.resume.random_state import random_states, set_random_state
from fcos_mm.engine.resume.resume_point import AUTOSAVE, MAKE_ROOM, POINTER
from fcos_mm.engine.resume.run_settings import changes, check_schedule, run_settings
from fcos_mm.engine.resume.train_loops import VALIDATED
from fcos_mm.evaluation.score_threshold import META_KEY
from fcos_mm.registry import HOOKS

_AUTOSAVES = 2  # kept; should the last be damaged there is one before
_NOTHING, _SAVE, _STOP = range(3)  # what a rank can want


@HOOKS.register_module()
class CheckpointHook(MMEngineCheckpointHook):
    """mmengine's hook, with everything that a run needs to resume exactly.

    Checkpoints also store the RNG states of all ranks and the settings of the run. An old
    checkpoint is removed only after the new one and the pointer ``last_checkpoint`` are on disk.

    In addition to the checkpoints at ``interval``, the hook saves ``autosave_iter_N.pth``: every
    few minutes, before each validation, and when a cluster announces with SIGTERM or SIGUSR1 that
    the run must stop. The last two autosaves are kept until training ends. After such a signal the
    process exits with status 75, during training as well as validation.

    Args:
        minutes: Maximum number of minutes between checkpoints; None for no time limit.
        **kwargs: mmengine's arguments.
    """

    def __init__(self, *, minutes: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.minutes = minutes
        self._resumed: dict | None = None  # what the loaded checkpoint says
        self._saved_iter: int | None = None
        self._saves = 0
        self._passed_over: set[str] = set()  # autosaves newer than the checkpoint resumed from
        self._states: list = []
        self._training = False
        self._stop = StopRequest()

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep what is needed at the start of training."""
        if is_resuming(runner):
            meta = checkpoint.get('meta', {})
            self._resumed = dict(meta.get('run', {}), iter=meta.get('iter'),
                                 random_states=checkpoint.get('random_states'))

    def before_train(self, runner) -> None:
        """Restore the state of the previous run, and listen for signals of the cluster."""
        super().before_train(runner)
        if type(self.file_backend) is LocalBackend:
            self.file_backend = _LateRemoval()
            if is_main_process():
                remove_unfinished(self.out_dir)
                remove_unfinished(runner.work_dir)
        if self._resumed is None:
            runner.message_hub.update_info(VALIDATED, 0)
        else:
            self._restore(runner, self._resumed)
        self._saved_time = time.monotonic()
        self._agreement = Agreement()
        self._training = True
        self._stop.listen()

    def after_train_iter(self, runner, batch_idx: int, data_batch=None,
                         outputs: dict | None = None) -> None:
        """Save if due or requested; exit if the cluster asked to stop."""
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        self._agreement.exchange(self._wish, lambda wish: self._fulfil(runner, wish))

    def before_val(self, runner) -> None:
        """Save a checkpoint in case the run is stopped during validation."""
        if self._training and (self.interval > 0 or self.minutes is not None):
            self._autosave(runner, runner.iter)

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Exit if the cluster asks to stop: there is a checkpoint already."""
        if self._training and self._stop.name is not None and self._saved_iter == runner.iter:
            self._leave(runner)

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """Save the best, and record that this validation is done."""
        if not self._training:
            return super().after_val_epoch(runner, metrics)
        saves = self._saves
        runner.message_hub.update_info(VALIDATED, runner.iter)
        super().after_val_epoch(runner, metrics)
        if self._saves == saves and self._saved_iter == runner.iter:
            self._write(runner, os.path.basename(self.last_ckpt),
                        dict(epoch=runner.epoch, iter=runner.iter))
        self._remove_old()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add score thresholds; RNG states and settings to a checkpoint to resume from."""
        thresholds = runner.message_hub.runtime_info.get(META_KEY)
        if thresholds is not None:
            checkpoint['meta'][META_KEY] = thresholds
        if 'optimizer' in checkpoint:
            checkpoint['random_states'] = self._states
            checkpoint['meta']['run'] = run_settings(runner)

    def after_train(self, runner) -> None:
        """Publish what mmengine publishes; remove the autosaves."""
        self._agreement.finish()
        self._stop.ignore()
        self._training = False
        super().after_train(runner)
        if is_main_process():
            self._remove_autosaves(keep=0)

    def _wish(self) -> int:
        if self._stop.name is not None:
            return _STOP
        due = self.minutes is not None and time.monotonic() - self._saved_time >= 60 * self.minutes
        return _SAVE if due else _NOTHING

    def _fulfil(self, runner, wish: int) -> None:
        """Save, and stop, at the end of an iteration; on all ranks."""
        if wish == _NOTHING or _accumulates(runner.optim_wrapper):
            return
        self._autosave(runner, runner.iter + 1)
        if wish == _STOP:
            self._leave(runner)

    def _leave(self, runner) -> None:
        self._agreement.finish()
        name = self._stop.name or 'a signal to another process'
        runner.logger.info(f'Stopped by {name}. Saved in {self.last_ckpt}; exit status '
                           f'{EXIT_STATUS}. Continue with --resume.')
        # The signals stay harmless: a launcher sends them again when the first rank has left.
        raise SystemExit(EXIT_STATUS)

    def _restore(self, runner, resumed: dict) -> None:
        """Restore the RNG states, and log what the user should know."""
        loaded = loaded_checkpoint(runner)
        if os.path.dirname(os.path.abspath(loaded)) == os.path.abspath(self.out_dir):
            self.last_ckpt, self._saved_iter = loaded, resumed['iter']
            self._passed_over = {path.name for path in self._autosaves()
                                 if path.stat().st_mtime_ns > os.stat(loaded).st_mtime_ns}
        if resumed['random_states'] is None:
            runner.logger.warning(
                'The checkpoint was not written by this package: it holds no RNG states. The '
                'run continues, but its result will differ from that of an uninterrupted run.')
            runner.message_hub.update_info(VALIDATED, runner.iter)
            return
        check_schedule(runner, resumed.get('config', {}), loaded)
        for line in changes(resumed, run_settings(runner)):
            runner.logger.warning(line)
        if not set_random_state(resumed['random_states']):
            runner.logger.warning('The checkpoint holds no RNG state for this process.')
        unseeded = unseeded_part(runner.train_dataloader)
        if unseeded is not None:
            runner.logger.warning(f'{unseeded} does not seed its samples: augmentation is not '
                                  'that of an uninterrupted run.')

    def _autosave(self, runner, iteration: int) -> None:
        """Save between the checkpoints that the user asks for, if nothing is saved yet."""
        if self._saved_iter == iteration:
            return
        name = f'{AUTOSAVE}iter_{iteration}.pth'
        self._write(runner, name, dict(epoch=runner.epoch, iter=iteration))
        self._passed_over.discard(name)
        if is_main_process():
            self._remove_autosaves(keep=_AUTOSAVES)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        """mmengine's, in an order in which nothing can get lost."""
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                old = self.filename_tmpl.format(self.keep_ckpt_ids.popleft())
                if is_main_process():
                    self.file_backend.remove(self.file_backend.join_path(self.out_dir, old))
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        self._write(runner, self.filename_tmpl.format(step), meta)
        self._remove_old()

    def _write(self, runner, name: str, meta: dict) -> None:
        """Write a checkpoint and the pointer; all ranks call it."""
        if _accumulates(runner.optim_wrapper):
            runner.logger.warning(
                'This checkpoint falls between two weight updates: the gradients accumulated '
                'so far are not in it. Save after a multiple of accumulative_counts iterations.')
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._states = random_states()
        runner.save_checkpoint(
            self.out_dir, name, self.file_client_args, save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler, meta=meta, by_epoch=self.by_epoch,
            backend_args=self.backend_args, **self.args)
        if is_main_process():
            with replaced(os.path.join(runner.work_dir, POINTER), MAKE_ROOM) as path:
                path.write_text(self.last_ckpt)
        barrier()  # a launcher ends all ranks when the first one leaves
        self._saved_iter = meta['iter']
        self._saved_time = time.monotonic()
        self._saves += 1

    def _remove_old(self) -> None:
        if isinstance(self.file_backend, _LateRemoval) and is_main_process():
            best = getattr(self, 'best_ckpt_path_dict', None) or {}
            self.file_backend.flush(
                keep={self.last_ckpt, getattr(self, 'best_ckpt_path', None), *best.values()})

    def _autosaves(self) -> list[Path]:
        return list(Path(self.out_dir).glob(f'{AUTOSAVE}iter_*.pth'))

    def _remove_autosaves(self, keep: int) -> None:
        """Remove all but the newest; damaged ones go first, the last checkpoint never."""
        paths = sorted(self._autosaves(), key=lambda path: (
            path.name not in self._passed_over, path.stat().st_mtime_ns))
        for path in paths[:len(paths) - keep]:
            if str(path) != str(self.last_ckpt):
                path.unlink(missing_ok=True)


class _LateRemoval(LocalBackend):
    """Local files; what is to be removed stays until ``flush``."""

    def __init__(self) -> None:
        super().__init__()
        self._removed: set[str] = set()

    def remove(self, filepath: str) -> None:
        """Remove a file later."""
        self._removed.add(str(filepath))

    def flush(self, keep: set) -> None:
        """Remove the files now, except those that have been written anew."""
        for path in self._removed - keep:
            Path(path).unlink(missing_ok=True)
        self._removed.clear()


def _accumulates(optim_wrapper) -> bool:
    """Whether gradients of a step are gathered that no checkpoint holds."""
    return accumulative_counts(optim_wrapper) > 1 and not optim_wrapper.should_update()
