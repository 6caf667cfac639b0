"""Trainings and tests in folders: made once, continued where they stopped.

    OUT/runs/EXPERIMENT/seed0/           a training; config.py, log, checkpoints, finished.json
    OUT/runs/EXPERIMENT/seed0/NAME/      a test of its weights; results.bbox.json, finished.json

``finished.json`` is written last and atomically: a folder without it is continued.
"""
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from fcos_mm.atomic_file import write_json
from fcos_mm.config import merge_options, set_data_root
from fcos_mm.errors import UserError
from fcos_mm.paper.experiments import EXPERIMENTS, TESTS, check_scale
from fcos_mm.paper.same_settings import check_config, write_config
from fcos_mm.paper.scales import experiment_config

RESULTS = 'results'  # mmdet adds .bbox.json


class Settings(NamedTuple):
    """The settings of all runs of a command.

    Attributes:
        out: Folder of the scale's runs and tables.
        tools: Folder of ``train.py`` and ``test.py``.
        scale: Name of the scale.
        data_root: Folder of the dataset, None for the config's own.
        ann_file: Annotations of Tables 1 and 2, None for those of the test split.
        options: More settings of the configs, by dotted keys.
        weights: Checkpoints to use instead of a training, by experiment.
        gpus: Processes of a training, 0 for one without a launcher.
        seeds: Trainings of each experiment.
    """
    out: Path
    tools: Path
    scale: str
    data_root: str | None = None
    ann_file: str | None = None
    options: dict[str, object] = {}
    weights: dict[str, str] = {}
    gpus: int = 0
    seeds: int = 1

    @property
    def backbone(self) -> Path:
        """The initial weights of all trainings at a scale below the paper's."""
        return self.out / 'backbone.pth'


class Training(NamedTuple):
    """The training of an experiment from a seed."""
    settings: Settings
    experiment: str
    seed: int

    def __str__(self) -> str:
        return f'train {self.experiment}, seed {self.seed}'

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.settings.out / 'runs' / self.experiment / f'seed{self.seed}'

    @property
    def finished(self) -> dict | None:
        """The content of ``finished.json``, None before."""
        path = self.folder / 'finished.json'
        found = read_json(path)
        if found is not None and 'checkpoint' not in found:
            raise UserError(f'{path} names no checkpoint.\n'
                            'Remove it; the same command makes it again.')
        return found

    @property
    def is_left(self) -> bool:
        """Whether it is neither finished nor replaced by given weights."""
        return self.experiment not in self.settings.weights and self.finished is None

    @property
    def checkpoint(self) -> str:
        """The weights given on the command line, or those trained."""
        given = self.settings.weights.get(self.experiment)
        name = (self.finished or dict(checkpoint='LAST_CHECKPOINT'))['checkpoint']
        return given or str(self.folder / name)

    def config(self) -> Config:
        """The config of the training."""
        check_scale(self.experiment, self.settings.scale)
        cfg = experiment_config(EXPERIMENTS[self.experiment].config, self.settings.scale)
        if self.settings.data_root is not None:
            set_data_root(cfg, self.settings.data_root)
        if self.settings.scale != 'full':
            cfg.model.backbone.init_cfg = dict(
                type='Pretrained', checkpoint=str(self.settings.backbone))
        merge_options(cfg, self.settings.options)
        cfg.randomness = dict(seed=self.seed)
        return cfg

    def command(self) -> list[str]:
        """The arguments of ``python`` that train or resume training."""
        words = [str(self.settings.tools / 'train.py'), str(self.folder / 'config.py'),
                 '--work-dir', str(self.folder), '--resume']
        if not self.settings.gpus:
            return words
        return ['-m', 'torch.distributed.run', '--standalone',
                f'--nproc_per_node={self.settings.gpus}', *words, '--launcher', 'pytorch']

    def prepare(self) -> None:
        """Write the config; a ``UserError`` if the folder holds a run of another config."""
        write_config(self.config(), self.folder / 'config.py')

    def check(self) -> None:
        """Raise a ``UserError`` if the training in the folder has other settings."""
        if self.experiment not in self.settings.weights:
            check_config(self.config(), self.folder / 'config.py')

    def finish(self) -> None:
        """Record that it is complete; the config is again one that trains from the start."""
        self.prepare()
        checkpoint = Path((self.folder / 'last_checkpoint').read_text().strip())
        write_json(dict(checkpoint=checkpoint.name), self.folder / 'finished.json')


class Evaluation(NamedTuple):
    """A test of a training's weights; ``name`` is a key of ``TESTS``."""
    training: Training
    name: str

    def __str__(self) -> str:
        return f'test {self.name}, seed {self.training.seed}'

    @property
    def folder(self) -> Path:
        """The folder of its results."""
        return self.training.folder / self.name.replace(':', '_')

    @property
    def results(self) -> Path:
        """The detections, in COCO format."""
        return self.folder / f'{RESULTS}.bbox.json'

    @property
    def finished(self) -> dict | None:
        """The values of further metrics, None before it is complete."""
        return read_json(self.folder / 'finished.json')

    def config(self) -> Config:
        """The training's config, with a test that writes the detections."""
        cfg = self.training.config()
        options = dict(TESTS[self.name].options)
        metrics = [dict(
            type='CocoMetric', ann_file=cfg.test_evaluator.ann_file, metric='bbox',
            format_only=True, outfile_prefix=str(self.folder / RESULTS))]
        if self.name == 'fcos':  # where its detections come from (Table 2)
            options['model.bbox_head.postprocess.return_locations'] = True
            metrics.append(dict(type='AmbiguousDetectionMetric'))
        cfg.merge_from_dict(options)
        if self.name == 'fcos':
            metrics[1]['head'] = cfg.model.bbox_head.to_dict()
        cfg.test_evaluator = metrics
        return cfg

    def command(self) -> list[str]:
        """The arguments of ``python`` that test."""
        return [str(self.training.settings.tools / 'test.py'), str(self.folder / 'config.py'),
                self.training.checkpoint, '--work-dir', str(self.folder)]

    def prepare(self) -> None:
        """Write the config; a ``UserError`` if the folder holds a test of another config."""
        write_config(self.config(), self.folder / 'config.py', tests=True)

    def check(self) -> None:
        """Raise a ``UserError`` if there are results of other settings or weights."""
        found = self.finished
        if found is None:
            return
        self.training.check()
        check_config(self.config(), self.folder / 'config.py', tests=True)
        if found.get('weights') != self._given_weights():
            raise UserError(f'{self.folder} holds a test of other weights than are asked for now.\n'
                            'Give another --out or remove the folder.')

    def finish(self) -> None:
        """Record that it is complete, with the metrics logged and the weights given."""
        logs = sorted(self.folder.glob('*/*.json'))
        content = (read_json(logs[-1]) or {}) if logs else {}
        weights = self._given_weights()
        write_json(content if weights is None else dict(content, weights=weights),
                   self.folder / 'finished.json')

    def _given_weights(self) -> str | None:
        """SHA-256 of the checkpoint given on the command line, None for weights trained here."""
        given = self.training.settings.weights.get(self.training.experiment)
        return None if given is None else hashlib.sha256(Path(given).read_bytes()).hexdigest()


def evaluations(test: str, settings: Settings) -> list[Evaluation]:
    """The runs of a test, one a seed; a single one if the weights are given.

    Args:
        test: Key of ``TESTS``.
        settings: Of the command.

    Raises:
        UserError: If there are results of other settings or weights.
    """
    experiment = TESTS[test].experiment
    seeds = 1 if experiment in settings.weights else settings.seeds
    found = [Evaluation(Training(settings, experiment, seed), test) for seed in range(seeds)]
    for evaluation in found:
        evaluation.check()
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
