"""Training on a user's own data: what ``fcos-mm train --data PATH`` does."""
import argparse
import re
import shlex
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from fcos_mm.apis.published.weights import is_published
from fcos_mm.apis.reporting.report import report_after_training
from fcos_mm.apis.step_time import measure_speed
from fcos_mm.apis.train import train
from fcos_mm.config import check_config, load_config
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.datasets.sources import prepare_data
from fcos_mm.datasets.sources.record import RECORD
from fcos_mm.engine.resume.work_dir import check_work_dir
from fcos_mm.errors import UserError
from fcos_mm.recipes.choice import show
from fcos_mm.recipes.config_file import BASE, config_text, options_of, write_config
from fcos_mm.recipes.coverage import coverage_lines
from fcos_mm.recipes.machine import this_machine
from fcos_mm.recipes.recipe import Options, choose_model, choose_training

_FOLDER = 'recipe'  # apart from the config of the same name that the run dumps
_NOT_ITS_MODEL = '''\
--data chooses a model, and {0} has its own. Train with its config:
  fcos-mm models --config {0} > base.py
Write mine.py, with _base_ = './base.py', data_root, classes, ann_files and image_dirs, and then:
  fcos-mm train mine.py --load-from {0}'''
_MANY = 5000  # images whose boxes are not counted in a moment


def run(args: argparse.Namespace) -> None:
    """Choose the settings, write them as a config and train it; or resume such a training.

    Raises:
        UserError: If the data or an option cannot be used, or the training fails.
    """
    if args.launcher != 'none':
        raise UserError('--data works in one process only. Write the config with --dry-run, then '
                        'train it: fcos-mm launch train CONFIG PROCESSES.')
    if args.load_from is not None and is_published(args.load_from):
        raise UserError(_NOT_ITS_MODEL.format(args.load_from))
    name = _name(args.data)
    args.work_dir = args.work_dir or str(Path('work_dirs', name))
    config = Path(args.work_dir, _FOLDER, f'{name}.py')
    if args.resume is not None and config.is_file():
        _check_same_options(config, args.data_options)
        print(f'continuing with {config}')
    else:
        _write(config, args)
    if args.dry_run:
        words = shlex.join([str(config), '--work-dir', args.work_dir])
        print(f'\nto train      fcos-mm train {words}')
        return
    args.config, args.skip_data_check = str(config), True
    runner = train(args)
    print(_summary(runner))
    if not args.no_report:
        report_after_training(runner)


def _name(data: str) -> str:
    """The name of the data as that of a file of Python."""
    path = Path(data).resolve()
    return re.sub(r'\W+', '_', path.stem if path.is_file() else path.name) or 'data'


def _check_same_options(config: Path, given: dict[str, list[str]]) -> None:
    """Raise a UserError if an option differs from the one that the config was made by."""
    made = options_of(config)
    for name, words in given.items():
        if made and made.get(name) != words:
            before = f'{name} {" ".join(made[name])}' if name in made else f'no {name}'
            raise UserError(
                f'--resume continues with {config}, which was made with {before}, not '
                f'{name} {" ".join(words)}.\nLeave out {name}, edit the config, or start again '
                'with --overwrite instead of --resume.')


def _write(config: Path, args: argparse.Namespace) -> None:
    """Write the config of a new training; prints what was chosen."""
    check_work_dir(Config(dict(work_dir=args.work_dir, resume=False, load_from=None)),
                   args.overwrite)
    seed = args.seed or 0
    data = prepare_data(args.data, _new_folder(config), classes=args.classes, seed=seed)
    print('\n'.join(_describe(data)))
    machine = this_machine()
    options = Options(args.size, args.levels, args.backbone, args.batch, args.lr, args.epochs,
                      args.time, seed)
    model = choose_model(data, load_config(BASE), options, machine)
    cfg = _load(config.with_name(f'_{config.name}'), config_text(data, model, {}), args)
    print('measuring a few steps ...', flush=True)
    training = choose_training(model, data, options, machine, lambda: measure_speed(cfg))
    write_config(config, config_text(data, [*model, *training], args.data_options))
    show([*model, *training])
    train_set = data.splits['train']
    size = next(choice.value for choice in model if choice.name == 'image_size')
    print('\n'.join(coverage_lines(cfg, train_set.ann_file, size,
                                   progress=train_set.num_images > _MANY)))
    print(f'config        {config}')


def _load(path: Path, text: str, args: argparse.Namespace) -> Config:
    """Load and check a config that is not complete, and leave no file of it."""
    write_config(path, text)
    try:
        cfg = load_config(str(path), args.cfg_options)
    finally:
        path.unlink()
    check_config(cfg, 'train')
    if not args.skip_data_check:
        check_config_data(cfg, 'train')
    return cfg


def _new_folder(config: Path) -> str:
    """A folder beside the config for what is made of the data, without what an earlier run made."""
    folder = config.with_suffix('')
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).unlink(missing_ok=True)
    return str(folder)


def _describe(data) -> list[str]:
    splits = [f'{name:14}{split.num_images:,} images, {split.num_boxes:,} boxes'
              for name, split in data.splits.items()]
    return [f'data          {data.layout}', *splits, *data.notes, '']


def _summary(runner: Runner) -> str:
    """The best result of a training and what to do with it."""
    hub = runner.message_hub
    best = hub.get_info('best_ckpt') if 'best_ckpt' in hub.runtime_info else None
    lines = []
    if best:
        epoch = re.search(r'_(\d+)\.pth$', best)
        lines = [f'best AP       {hub.get_info("best_score"):.3f}, after epoch {epoch[1]}',
                 f'checkpoint    {best}']
    work_dir = shlex.quote(runner.work_dir)
    return '\n'.join([
        '', *lines, f'to test       fcos-mm test {work_dir}',
        f'to detect     fcos-mm detect PICTURES --model {work_dir}'])
