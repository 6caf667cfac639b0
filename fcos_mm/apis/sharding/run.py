"""Detecting in shards: what ``fcos-mm detect --shards`` does."""
import argparse
import sys
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from mmengine.logging import print_log

from fcos_mm.apis.console import library_output_to_log
from fcos_mm.apis.inferencer import find_category_ids
from fcos_mm.apis.sharding.jobs import PICTURE_TIMEOUT, Dispatcher, Job
from fcos_mm.apis.sharding.manifest import Manifest, locked, read_manifest
from fcos_mm.apis.sharding.networks import NetworkSpec, config_digest, spec_of
from fcos_mm.apis.sharding.pictures import ShardInputs, digest
from fcos_mm.apis.sharding.placing import place
from fcos_mm.apis.sharding.ray_engine import RayEngine, connected
from fcos_mm.apis.sharding.results import (
    MISSING,
    UNEXPECTED,
    Result,
    detections_of,
    is_failure,
)
from fcos_mm.apis.sharding.shard_files import ShardFiles
from fcos_mm.apis.trained_model import TrainedModel
from fcos_mm.detection.exported import ExportedModel
from fcos_mm.detection.outputs import Outputs, Place
from fcos_mm.detection.progress import Bar, Lines, progress_on
from fcos_mm.detection.summary import HOPELESS, INTERRUPTED, printable, summarize
from fcos_mm.errors import UserError
from fcos_mm.faults import counted

SIZE = 64  # pictures of a shard


def detect_in_shards(args: argparse.Namespace, inputs: ShardInputs,
                     model: TrainedModel | ExportedModel) -> int:
    """Detect in pictures on many workers, and continue an earlier run of the same.

    Args:
        args: Of ``fcos-mm detect``.
        inputs: The pictures.
        model: The model.

    Returns:
        1 if some pictures failed, 130 after Ctrl-C, else 0.

    Raises:
        UserError: If Ray or the model cannot be used, or the folder is of another run.
    """
    pictures = inputs.pictures()
    spec = spec_of(model, score_thr=args.score_thr, classes=args.classes, tiles=args.tiles,
                   precision=args.precision, trusted=args.trust_checkpoint)
    folder = Path(args.out_dir, 'shards')
    now = Manifest(
        words=list(args.input), pictures=len(pictures), digest=digest(pictures),
        checkpoint=spec.checksum or spec.model.checkpoint, config=config_digest(model),
        options=dict(score_thr=args.score_thr, classes=args.classes, tiles=args.tiles,
                     precision=args.precision),
        shard_size=args.shards or SIZE)
    with locked(folder):
        old = read_manifest(folder, now)
        size = old.shard_size if old else now.shard_size
        shards = ShardFiles(folder=folder, pictures=pictures, size=size)
        run = ShardRun(shards=shards, manifest=old or now, model=model)
        print(f'model      {model.note}\ninput      {counted(len(pictures), "image")} in '
              f'{counted(shards.count, "shard")} of {size}; nothing is drawn')
        try:
            run.detect(spec, args)
        except KeyboardInterrupt:
            print('\nstopped by Ctrl-C; repeat the command to continue')
            return INTERRUPTED
        return run.merge(args, inputs)


@dataclass(kw_only=True)
class ShardRun:
    """A run over the pictures without results.

    Attributes:
        shards: The results.
        manifest: Complete once a worker has opened its network.
        model: The model.
        screen: Where lines for the user go.
    """
    shards: ShardFiles
    manifest: Manifest
    model: TrainedModel | ExportedModel
    screen: TextIO = field(default_factory=lambda: sys.stdout)
    _progress: Bar | Lines | None = field(default=None, init=False)
    _succeeded: int = field(default=0, init=False)
    _odd: int = field(default=0, init=False)  # pictures that failed though they could be read

    def detect(self, spec: NetworkSpec, args: argparse.Namespace) -> None:
        """Detect in what has no result, on Ray.

        Raises:
            UserError: If Ray or the model cannot be used, or all first pictures fail.
        """
        jobs = list(self.shards.jobs())
        if len(jobs) < self.shards.count:
            self._say(f'continued  {self.shards.count - len(jobs)} of '
                      f'{counted(self.shards.count, "shard")} are done')
        if not jobs:
            return
        on_gpu = None if args.device is None else args.device != 'cpu'
        if isinstance(self.model, ExportedModel):
            on_gpu = bool(on_gpu)  # as without --shards
        with library_output_to_log(), connected(args.ray_address, on_gpu) as ray:
            nodes = [node['Resources'] for node in ray.nodes() if node['Alive']]
            placing = place(nodes, args.workers, on_gpu)
            placing = replace(placing, workers=min(placing.workers, len(jobs)))
            where = f'the cluster of {counted(len(nodes), "machine")}'
            self._say(f'workers    {placing}, on '
                      + (where if args.ray_address else 'this machine'))
            engine = RayEngine(ray, spec=spec, placing=placing, batch_size=args.batch_size,
                               ship=args.ray_address is not None, say=self._say)
            with closing(engine):
                self.work(Dispatcher(engine=engine, workers=placing.workers, jobs=iter(jobs),
                                     picture_timeout=args.picture_timeout or PICTURE_TIMEOUT),
                          len(jobs))

    def work(self, dispatcher: Dispatcher, total: int) -> None:
        """Take what workers report until all is done.

        Args:
            dispatcher: Of the jobs.
            total: How many shards they are of.

        Raises:
            UserError: If a result cannot be written, or all first pictures fail.
        """
        with progress_on(self.screen, total) as progress:
            self._progress = progress
            for kind, value in dispatcher.run():
                if kind == 'opened':
                    self._opened(value)
                elif kind == 'died':
                    self._died(*value)
                elif kind == 'late':
                    self._late(*value)
                else:
                    job, results = value
                    self._check(job, results)
                    whole = self.shards.add(job, results)
                    if whole is not None:
                        progress.step(f'shard {job.shard + 1} of {self.shards.count}',
                                      _outcome(list(whole.values())))
        self._progress = None

    def merge(self, args: argparse.Namespace, inputs: ShardInputs) -> int:
        """Write the results of all shards as those of ``fcos-mm detect``; its exit status."""
        outputs = Outputs(out_dir=args.out_dir, json_file=args.save_json, draw=False,
                          table=args.save_csv)
        failures, images, near = [], 0, 0
        names = self.manifest.classes, self.manifest.category_ids
        with outputs:
            for shard in range(self.shards.count):
                results = self.shards.read(shard)
                for index, picture in enumerate(self.shards.members(shard)):
                    result = results[index]
                    if is_failure(result):
                        failures.append((picture.path, result['failure']))
                        continue
                    images, near = images + 1, near + result['near']
                    outputs.add(Place(path=picture.path, name=picture.name),
                                detections_of(result, *names))
        summarize(self.screen, outputs=outputs, images=images, near=near, others=inputs.others,
                  failures=failures)
        if failures:
            self._say('repeat the command to try these again')
        return int(bool(failures))

    def _opened(self, facts: dict[str, Any]) -> None:
        """Complete the manifest by the first worker that is ready."""
        log(f'worker {facts["pid"]} on {facts["host"]} is ready')
        if self.manifest.classes is None:
            ids = (facts['category_ids'] if isinstance(self.model, ExportedModel) else
                   find_category_ids(self.model.cfg, facts['classes']))  # data are on this machine
            self.manifest = replace(self.manifest, classes=facts['classes'], category_ids=ids,
                                    threshold=facts['threshold'])
            self.manifest.write(self.shards.folder)
            self._say(f'threshold  {self.manifest.threshold}')

    def _died(self, job: Job | None, reason: str) -> None:
        log(f'a worker died: {reason}')
        what = 'before it was ready' if job is None else f'at shard {job.shard + 1}'
        self._say(f'warning: a worker died {what}; another one takes over')

    def _late(self, job: Job, reason: str) -> None:
        log(f'a worker was replaced: {reason} from {", ".join(map(printable, job.locations))}')
        then = '; its pictures are done one by one' * (len(job.indices) > 1)
        self._say(f'warning: {reason} at shard {job.shard + 1}; the worker is replaced{then}')

    def _check(self, job: Job, results: list[Result]) -> None:
        """Note what failed.

        Raises:
            UserError: If it is no use to go on.
        """
        members = self.shards.members(job.shard)
        for index, result in zip(job.indices, results):
            path = members[index].path
            if result.get('pages', 1) > 1:
                self._say(f'warning: {printable(path)} has {result["pages"]} pages; only the '
                          'first is used')
            if not is_failure(result):
                self._succeeded += 1
                continue
            log(f'{printable(path)} {result["failure"]}\n{result["trace"]}')
            self._odd += result['kind'] == UNEXPECTED
            if result['kind'] == MISSING and Path(members[index].location).exists():
                raise UserError(f'A worker has no file {path}, which is on this machine.\nPut the '
                                'images on a disk that all machines share, or into an object '
                                'store.')
            if self._odd >= HOPELESS and not self._succeeded:
                raise UserError(f'The first {HOPELESS} images failed, although they can be read: '
                                f'{printable(path)} {result["failure"]}\nModel or config is wrong, '
                                'or the memory too small; detect.log has the traceback.')

    def _say(self, text: str) -> None:
        if self._progress is not None:
            self._progress.say(text)
        else:
            print(text, file=self.screen)


def log(text: str) -> None:
    """Write to the log file."""
    print_log(text, logger='current')


def _outcome(results: list[Result]) -> str:
    failed = sum(map(is_failure, results))
    found = sum(len(result['scores']) for result in results if not is_failure(result))
    return (f'{counted(found, "detection")} in {counted(len(results) - failed, "image")}'
            + f', {failed} failed' * bool(failed))
