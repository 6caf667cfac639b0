"""Trainings and tests in folders: made once, continued where they stopped.

    OUT/runs/EXPERIMENT/seed0/           a training; config.py, log, checkpoints, finished.json
    OUT/runs/EXPERIMENT/seed0/NAME/      a test of its weights; results.bbox.json, finished.json

``finished.json`` is written last and atomically: a folder without it is continued.
"""
import hashlib
import json
import threading
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from fcos_mm.atomic_file import write_json
from fcos_mm.config import merge_options, set_data_root
from fcos_mm.errors import UserError
from fcos_mm.paper.experiments import EXPERIMENTS, TESTS, check_scale
from fcos_mm.paper.same_settings import check_config, write_config
from fcos_mm.paper.scales import experiment_config

_RESULTS = 'results'  # mmdet adds .bbox.json
# Runs are prepared in threads, and ast.parse of Python 3.11 fails now and then in two at a time.
_PARSING = threading.Lock()


class Settings(NamedTuple):
    """The settings of all runs of a command."""
    out: Path  # of the scale's runs and tables
    tools: Path  # folder of ``train.py`` and ``test.py``
    scale: str
    data_root: str | None = None  # None for the config's own
    ann_file: str | None = None  # of Tables 1 and 2, None for those of the test split
    options: dict[str, object] = {}  # more settings of the configs, by dotted keys
    weights: dict[str, str] = {}  # checkpoints to use instead of a training, by experiment
    gpus: int = 0  # processes of a training, 0 for one without a launcher
    seeds: int = 1  # trainings of each experiment

    @property
    def backbone(self) -> Path:
        """The initial weights of all trainings at a scale below the paper's."""
        return self.out / 'backbone.pth'


class Run(NamedTuple):
    """The training of an experiment from a seed, or a test of its weights."""
    settings: Settings
    experiment: str  # key of ``EXPERIMENTS``
    seed: int = 0
    test: str = ''  # key of ``TESTS``, empty for the training

    def __str__(self) -> str:
        what = f'test {self.test}' if self.test else f'train {self.experiment}'
        return f'{what}, seed {self.seed}'

    @property
    def training(self) -> 'Run':
        return self._replace(test='')

    @property
    def ranking(self) -> 'Run | None':
        """The training, from the same seed, of the network that ranks the detections of a test."""
        experiment = TESTS[self.test].ranking if self.test else ''
        return self._replace(experiment=experiment, test='') if experiment else None

    @property
    def trainings(self) -> list['Run']:
        """What the run trains, or the trainings whose weights it tests."""
        return [run for run in (self.training, self.ranking) if run is not None]

    @property
    def folder(self) -> Path:
        folder = self.settings.out / 'runs' / self.experiment / f'seed{self.seed}'
        return folder / self.test.replace(':', '_')

    @property
    def results(self) -> Path:
        return self.folder / f'{_RESULTS}.bbox.json'

    @property
    def given_weights(self) -> str | None:
        """The checkpoint given on the command line instead of a training."""
        return self.settings.weights.get(self.experiment)

    @property
    def finished(self) -> dict | None:
        """The content of ``finished.json``, None before: checkpoint, or values of metrics."""
        path = self.folder / 'finished.json'
        found = read_json(path)
        if found is not None and not self.test and 'checkpoint' not in found:
            raise UserError(f'{path} names no checkpoint.\n'
                            'Remove it; the same command makes it again.')
        return found

    @property
    def is_left(self) -> bool:
        """Whether it is neither finished nor a training replaced by given weights."""
        return (bool(self.test) or self.given_weights is None) and self.finished is None

    @property
    def checkpoint(self) -> str:
        """The weights given on the command line, or those trained."""
        trained = self.training.finished or dict(checkpoint='LAST_CHECKPOINT')
        return self.given_weights or str(self.training.folder / trained['checkpoint'])

    def config(self) -> Config:
        """The config of the training, or with a test that writes the detections."""
        check_scale(self.experiment, self.settings.scale)
        cfg = experiment_config(EXPERIMENTS[self.experiment].config, self.settings.scale)
        if self.settings.data_root is not None:
            set_data_root(cfg, self.settings.data_root)
        if self.settings.scale != 'full':
            cfg.model.backbone.init_cfg = dict(
                type='Pretrained', checkpoint=str(self.settings.backbone))
        merge_options(cfg, self.settings.options)
        cfg.randomness = dict(seed=self.seed)
        if self.test:
            self._add_test(cfg)
        return cfg

    def _add_test(self, cfg: Config) -> None:
        cfg.merge_from_dict(TESTS[self.test].options)
        if self.ranking is not None:
            network = self.ranking.config().model
            network.backbone.init_cfg = None
            cfg.model.update(type='RankedDetector',
                             ranking=dict(network, checkpoint=self.ranking.checkpoint))
        metrics = [dict(
            type='CocoMetric', ann_file=cfg.test_evaluator.ann_file, metric='bbox',
            format_only=True, outfile_prefix=str(self.folder / _RESULTS))]
        if self.test == 'fcos':  # where its detections come from (Table 2)
            metrics.append(dict(type='AmbiguousDetectionMetric',
                                head=cfg.model.bbox_head.to_dict()))
        cfg.test_evaluator = metrics

    def command(self) -> list[str]:
        """The arguments of ``python`` that train, resume training, or test."""
        tool = str(self.settings.tools / ('test.py' if self.test else 'train.py'))
        config, work_dir = str(self.folder / 'config.py'), ['--work-dir', str(self.folder)]
        if self.test:
            return [tool, config, self.checkpoint, *work_dir]
        if not self.settings.gpus:
            return [tool, config, *work_dir, '--resume', '--no-report']
        return ['-m', 'torch.distributed.run', '--standalone',
                f'--nproc_per_node={self.settings.gpus}', tool, config, *work_dir, '--resume',
                '--no-report', '--launcher', 'pytorch']

    def prepare(self) -> None:
        """Write the config; a ``UserError`` if the folder holds a run of another config."""
        with _PARSING:
            write_config(self.config(), self.folder / 'config.py', tests=bool(self.test))

    def check(self) -> None:
        """Raise a ``UserError`` if the folder has a training or results of other settings."""
        if not self.test:
            if self.given_weights is None:
                check_config(self.config(), self.folder / 'config.py')
            return
        found = self.finished
        if found is None:
            return
        for training in self.trainings:
            training.check()
        check_config(self.config(), self.folder / 'config.py', tests=True)
        if found.get('weights') != self._digest():
            raise UserError(f'{self.folder} holds a test of other weights than are asked for now.\n'
                            'Give another --out or remove the folder.')

    def finish(self) -> None:
        """Record that it is complete, with the checkpoint, or logged metrics and given weights."""
        if self.test:
            logs = sorted(self.folder.glob('*/*.json'))
            content = read_json(logs[-1]) if logs else {}
            if self._digest() is not None:
                content['weights'] = self._digest()
        else:
            self.prepare()  # resuming changed it; again one that trains from the start
            checkpoint = Path((self.folder / 'last_checkpoint').read_text().strip())
            content = dict(checkpoint=checkpoint.name)
        write_json(content, self.folder / 'finished.json')

    def _digest(self) -> str | None:
        """SHA-256 of the given weights, None for weights trained here."""
        given = {training.experiment: hashlib.sha256(
            Path(training.given_weights).read_bytes()).hexdigest()
            for training in self.trainings if training.given_weights is not None}
        network = given.pop(self.ranking.experiment, None) if self.ranking else None
        words = [*given.values(), *([f'ranking {network}'] if network else [])]
        return ', '.join(words) or None


def runs_of(test: str, settings: Settings) -> list[Run]:
    """The runs of a test, one a seed; a single one if the weights are given.

    Raises:
        UserError: If there are results of other settings or weights.
    """
    experiment = TESTS[test].experiment
    seeds = 1 if experiment in settings.weights else settings.seeds
    found = [Run(settings, experiment, seed, test) for seed in range(seeds)]
    for run in found:
        run.check()
    return found


def read_json(path: Path) -> dict | None:
    """Read a JSON file; None if there is none, a ``UserError`` if it is damaged."""
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text())
    except ValueError:  # neither JSON nor text
        content = None
    if not isinstance(content, dict):
        raise UserError(f'{path} is damaged.\nRemove it; the same command makes it again.')
    return content
