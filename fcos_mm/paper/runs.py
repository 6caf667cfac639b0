"""Trainings and tests in folders: made once, continued where they stopped.

    OUT/runs/EXPERIMENT/seed0/           a training; config.py, log, checkpoints, finished.json
    OUT/runs/EXPERIMENT/seed0/NAME/      a test of its weights; results.bbox.json, finished.json

``finished.json`` is written last and at once: a folder without it is continued.
"""
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from fcos_mm.config import merge_options, set_data_root
from fcos_mm.errors import UserError
from fcos_mm.paper.experiments import EXPERIMENTS, TESTS, check_scale
from fcos_mm.paper.files import digest, read_json, write_json
from fcos_mm.paper.same_settings import check_config, write_config
from fcos_mm.paper.scales import experiment_config

FINISHED = 'finished.json'
RESULTS = 'results'  # mmdet adds .bbox.json


class Settings(NamedTuple):
    """What holds for all runs of a command.

    Attributes:
        out: Folder of the scale's runs and tables.
        tools: Folder of ``train.py`` and ``test.py``.
        scale: Name of the scale.
        data_root: Folder of the dataset, None for the config's own.
        ann_file: Annotations of Tables 1 and 2, None for those of the test split.
        options: More settings of the configs, by dotted keys.
        weights: Checkpoints that stand for a training, by experiment.
        gpus: Processes of a training, 0 for one without a launcher.
    """
    out: Path
    tools: Path
    scale: str
    data_root: str | None = None
    ann_file: str | None = None
    options: dict[str, object] = {}
    weights: dict[str, str] = {}
    gpus: int = 0

    @property
    def backbone(self) -> Path:
        """The weights that all trainings start from, at a smaller scale than the paper's."""
        return self.out / 'backbone.pth'


class Training(NamedTuple):
    """The training of an experiment from a seed."""
    settings: Settings
    experiment: str
    seed: int

    @property
    def folder(self) -> Path:
        """Where it lives."""
        return self.settings.out / 'runs' / self.experiment / f'seed{self.seed}'

    @property
    def finished(self) -> dict | None:
        """What ``finished.json`` says, None before."""
        path = self.folder / FINISHED
        found = read_json(path)
        if found is not None and 'checkpoint' not in found:
            raise UserError(f'{path} names no checkpoint.\n'
                            'Remove it; the same command makes it again.')
        return found

    @property
    def is_left(self) -> bool:
        """Whether it is still to be done: neither finished nor its weights given."""
        return self.experiment not in self.settings.weights and self.finished is None

    @property
    def checkpoint(self) -> str:
        """The weights: those given on the command line, or those trained."""
        given = self.settings.weights.get(self.experiment)
        name = (self.finished or dict(checkpoint='LAST_CHECKPOINT'))['checkpoint']
        return given or str(self.folder / name)

    def config(self) -> Config:
        """The config it is trained by."""
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
        """The words after ``python`` that train or go on training."""
        config, work_dir = str(self.folder / 'config.py'), str(self.folder)
        tools = self.settings.tools
        if self.settings.gpus:
            return ['-m', 'torch.distributed.run', '--standalone',
                    f'--nproc_per_node={self.settings.gpus}', str(tools / 'train.py'), config,
                    '--work-dir', work_dir, '--resume', '--launcher', 'pytorch']
        return [str(tools / 'train.py'), config, '--work-dir', work_dir, '--resume']

    def prepare(self) -> None:
        """Write the config.

        Raises:
            UserError: If the folder holds a run of another config.
        """
        write_config(self.config(), self.folder / 'config.py')

    def check(self) -> None:
        """Make sure that the training in the folder is the one asked for.

        Raises:
            UserError: If it was made with other settings.
        """
        if self.experiment not in self.settings.weights:
            check_config(self.config(), self.folder / 'config.py')

    def finish(self) -> None:
        """Note that it is complete; the config is again one that trains from the start."""
        write_config(self.config(), self.folder / 'config.py')
        checkpoint = Path((self.folder / 'last_checkpoint').read_text().strip())
        write_json(dict(checkpoint=checkpoint.name), self.folder / FINISHED)


class Evaluation(NamedTuple):
    """A test of a training's weights."""
    training: Training
    name: str

    @property
    def folder(self) -> Path:
        """Where its results are."""
        return self.training.folder / self.name.replace(':', '_')

    @property
    def results(self) -> Path:
        """The detections, in COCO's format."""
        return self.folder / f'{RESULTS}.bbox.json'

    @property
    def finished(self) -> dict | None:
        """The figures of further metrics, None before it is complete."""
        return read_json(self.folder / FINISHED)

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
        """The words after ``python`` that test."""
        return [str(self.training.settings.tools / 'test.py'), str(self.folder / 'config.py'),
                self.training.checkpoint, '--work-dir', str(self.folder)]

    def prepare(self) -> None:
        """Write the config.

        Raises:
            UserError: If the folder holds a test of another config.
        """
        write_config(self.config(), self.folder / 'config.py', tests=True)

    def check(self) -> None:
        """Make sure that results, if there are any, are those of the test asked for.

        Raises:
            UserError: If they were made with other settings or weights.
        """
        found = self.finished
        if found is None:
            return
        self.training.check()
        check_config(self.config(), self.folder / 'config.py', tests=True)
        if found.get('weights') != self._given_weights():
            raise UserError(f'{self.folder} holds a test of other weights than are asked for now.\n'
                            'Give another --out or remove the folder.')

    def finish(self) -> None:
        """Note that it is complete, with the figures the metrics printed and given weights."""
        logs = sorted(self.folder.glob('*/*.json'))
        content = (read_json(logs[-1]) or {}) if logs else {}
        weights = self._given_weights()
        if weights is not None:
            content['weights'] = weights
        write_json(content, self.folder / FINISHED)

    def _given_weights(self) -> str | None:
        """The digest of the checkpoint of the command line, None for weights trained here."""
        given = self.training.settings.weights.get(self.training.experiment)
        return None if given is None else digest(given)
