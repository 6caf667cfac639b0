"""From what a user calls a model to a config and a checkpoint."""
import os.path as osp
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from fcos_mm.apis.named_inputs import check_order, ending_kind
from fcos_mm.apis.published.weights import (
    is_published,
    published_checkpoint,
    results_folder,
    weights_file,
)
from fcos_mm.apis.recorded_config import read_recorded_config
from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.checkpoints.zoo.table import find_zoo_model, zoo_names
from fcos_mm.config import load_config, merge_options
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.config.shipped import shipped_configs
from fcos_mm.engine.resume.resume_point import newest_whole
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few

_SHOWN = 5
_WITH_CONFIG = 'Give its config and this checkpoint.'


class TrainedModel(NamedTuple):
    """A config, a checkpoint, and a line for the screen that says which were taken."""
    cfg: Config
    checkpoint: str
    note: str


def find_model(model: str, weights: str | None = None, options: dict | None = None
               ) -> TrainedModel:
    """Find the config and the checkpoint that a user means.

    Without a config the one recorded in the checkpoint is read, which runs no code; tests of it
    write to the folder ``test`` beside the checkpoint.

    Args:
        model: A work dir, of which the best checkpoint is taken, else the last one; a checkpoint;
            a config, by path, as ``fcos_mm::name`` or by the name of a shipped one; or the name
            of a published model, which is downloaded at its first use.
        weights: A checkpoint or a published model, to be used with the config, or instead of the
            work dir's checkpoint.
        options: Settings to change, by dotted keys.

    Raises:
        UserError: If there is no such model, or a checkpoint without a config.
    """
    if is_published(model):
        return _published(model, weights, options)
    weights = weights_file(weights)
    if osp.isdir(model):
        checkpoint, which = (weights, 'given') if weights else checkpoint_of(Path(model))
        return TrainedModel(_recorded(checkpoint, options), checkpoint,
                            f'{checkpoint} ({which})')
    kind = ending_kind(model)
    if kind == 'checkpoint' or kind is None and osp.isfile(model):
        if weights is not None:
            raise UserError(f'{model} and {weights} are two checkpoints.\n'
                            'Give a config and a checkpoint, or one checkpoint alone.')
        return TrainedModel(_recorded(model, options), model, model)
    if kind == 'exported model':
        raise UserError(f'{model} is an exported model, and here the trained one is needed.\n'
                        'Give the work dir of its training, or its checkpoint (.pth).')
    if not (osp.exists(model) or '::' in model or kind == 'config' or model in shipped_configs()):
        raise _unknown(model)
    if weights is None:
        raise UserError(f'{model} is a config without weights.\nGive the checkpoint too, or '
                        'the work dir of a training instead of both.')
    check_order(config=model, checkpoint=weights)
    return TrainedModel(load_config(model, options), weights, f'{weights} with {model}')


def _unknown(model: str) -> UserError:
    meant = did_you_mean(model, [*zoo_names(), *shipped_configs()])
    return UserError(f'There is no model {model}.{meant}\nGive the work dir of a training, a '
                     'checkpoint (.pth), a config and its checkpoint, or the name of a '
                     'published model: `fcos-mm models` lists them.')


def _published(name: str, weights: str | None, options: dict | None) -> TrainedModel:
    if weights is not None:
        raise UserError(f'{name} is a published model with its weights: leave {weights} out, or '
                        'give a config with it.')
    model, checkpoint = find_zoo_model(name), published_checkpoint(name)
    return TrainedModel(_recorded(checkpoint, options), checkpoint,
                        f'{model.name} ({model.source}, published AP {model.ap:.1f})')


def checkpoint_of(work_dir: Path) -> tuple[str, str]:
    """The best checkpoint of a work dir, else the last whole one, and which of the two it is."""
    best = sorted(work_dir.glob('best_*.pth'), key=lambda path: path.stat().st_mtime_ns)
    if best:
        return str(best[-1]), 'the best checkpoint'
    last, faults = newest_whole(str(work_dir))
    if last is not None:
        return last, 'the last checkpoint' + '; damaged: '.join(['', *faults[:-1]])
    files = sorted(work_dir.glob('*.pth'))
    if files:
        raise UserError(f'{work_dir} contains checkpoints, but no training: {_listed(files)}.\n'
                        'Give one of them.')
    runs = sorted({path.parent for below in ('*/*.pth', '*/*/*.pth')
                   for path in work_dir.glob(below)})
    if runs:
        raise UserError(f'{work_dir} is not a work dir; it contains {len(runs)}: {_listed(runs)}.\n'
                        'Give one of them.')
    raise UserError(f'{work_dir} contains no checkpoint.\nGive the work dir of a training that has '
                    'saved one.')


def _recorded(checkpoint: str, options: dict | None) -> Config:
    """The config that a checkpoint was trained with, as it is recorded in it."""
    text = _recorded_text(read_checkpoint(checkpoint))
    if text is None:
        raise UserError(f'{checkpoint} contains no config of its training.\n{_WITH_CONFIG}')
    try:
        cfg = read_recorded_config(text, checkpoint, whole=True)
    except ImportError as error:  # of components of the user's own
        cause = str(error.__context__ or error)  # mmengine adds all of sys.path
        raise UserError(f'{checkpoint}: its config cannot be used here: {cause}\n'
                        f'{_WITH_CONFIG}') from error
    path = Path(checkpoint)
    settings = {**cfg.to_dict(), 'resume': False, 'load_from': None,
                'work_dir': str(results_folder(checkpoint) / 'test')}
    cfg = Config(settings, cfg_text=text, filename=str(path.with_suffix('.py')))
    merge_options(cfg, options or {})
    return cfg


def _recorded_text(checkpoint: object) -> str | None:
    match checkpoint:
        case {'meta': {'cfg': str(text)}} | {'message_hub': {'runtime_info': {'cfg': str(text)}}}:
            return text
    return None


def _listed(paths: list[Path]) -> str:
    return first_few([str(path) for path in paths], _SHOWN)
