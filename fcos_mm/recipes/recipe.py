"""The choices for a training, from data, machine and what the user asks for."""
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mmengine.config import Config

from fcos_mm.analysis.input_size import Size
from fcos_mm.recipes.backbones import DEFAULT, choose_backbone
from fcos_mm.recipes.boxes import boxes_of
from fcos_mm.recipes.choice import Choice
from fcos_mm.recipes.machine import Machine
from fcos_mm.recipes.schedule import Speed, choose_batch, choose_length, choose_rate, spoken
from fcos_mm.recipes.size import SizeFit, fit_size

_MOST_WORKERS = 8


class Options(NamedTuple):
    """What the user asks for; None leaves the choice to the recipe."""
    size: Size | None = None  # (longer, shorter) side in pixels
    levels: tuple[int, int] | None = None  # P3 to P5 is (3, 5)
    backbone: str | None = None
    batch: int | None = None
    lr: float | None = None
    epochs: int | None = None
    seconds: float | None = None
    seed: int = 0


def choose_model(data, base: Config, options: Options, machine: Machine) -> list[Choice]:
    """Choose all but the length.

    Args:
        data: What :func:`~fcos_mm.datasets.sources.prepare_data` returned.
        base: The config that the new one will inherit.
        options: What the user asks for.
        machine: Where it will be trained.

    Raises:
        UserError: If an option does not fit the data or the machine.
    """
    train = data.splits['train']
    found = _fit(data, base, options, machine)
    backbone = choose_backbone(options.backbone, machine)
    batch, why_batch = choose_batch(
        options.batch, train.num_images, found.size[0] * found.size[1], machine)
    rate, why_rate = choose_rate(options.lr, batch, base.optim_wrapper.optimizer.lr,
                                 base.auto_scale_lr.base_batch_size)
    workers = min(machine.cores - 1, _MOST_WORKERS) or 1
    return [
        *_input_choices(data, found, options),
        Choice('backbone', backbone.name, backbone.reason,
               dict(model=backbone.model) if backbone.name != DEFAULT else {}),
        Choice('batch_size', batch, why_batch),
        Choice('lr', rate, why_rate),
        Choice('workers', workers, 'processes that load images during training; '
               f'{machine.cores} cores', dict(train_dataloader=dict(num_workers=workers))),
        Choice('seed', options.seed, 'of the split and the training: the same seed repeats the run',
               dict(randomness=dict(seed=options.seed)))]


def choose_input(data, base: Config, options: Options, machine: Machine) -> list[Choice]:
    """Choose what locations depend on: classes, size of the input, levels, regress ranges.

    The arguments are those of :func:`choose_model`.
    """
    return _input_choices(data, _fit(data, base, options, machine), options)


def assigner_options(base: Config) -> dict:
    """The options of the assigner of a config."""
    return {name: value for name, value in base.model.bbox_head.assigner.items()
            if name != 'type'}


def _fit(data, base: Config, options: Options, machine: Machine) -> SizeFit:
    boxes = boxes_of(data.splits['train'].ann_file, data.classes, options.seed)
    return fit_size(boxes, machine, assigner_options(base), size=options.size,
                    levels=options.levels)


def _input_choices(data, found: SizeFit, options: Options) -> list[Choice]:
    return [Choice('classes', data.classes, f'{len(data.classes)} in the data'),
            Choice('image_size', found.size, found.reason),
            *_level_choices(found, given=options.levels is not None)]


def _level_choices(found: SizeFit, given: bool) -> Sequence[Choice]:
    fit = found.fit
    shares = ', '.join(f'{share:.0%}' for share in fit.served)
    if fit.levels[0] == 2:
        reason = 'stride 4 for small boxes'
    elif fit.levels == (3, 7):
        reason = 'as in the paper'
    else:
        reason = 'hardly any box would use the higher levels'
    return (Choice('levels', fit.name, 'given' if given else reason),
            Choice('regress_ranges', fit.ranges,
                   f'boxes with a location: {fit.answered:.1%}; by level {shares}'))


def choose_training(model: list[Choice], data, options: Options, machine: Machine,
                    measure: Callable[[], Speed]) -> list[Choice]:
    """Choose the length, by the measured speed of what :func:`choose_model` chose.

    Raises:
        UserError: If the time that the user gives is too short.
    """
    batch = next(choice.value for choice in model if choice.name == 'batch_size')
    images = data.splits['train'].num_images
    steps = -(-images // batch)
    length = choose_length(images, steps, measure(), machine, epochs=options.epochs,
                           seconds=options.seconds)
    return [
        Choice('epochs', length.epochs, length.reason),
        Choice('val_interval', length.val_interval, 'epochs between validations',
               dict(train_cfg=dict(val_interval=length.val_interval))),
        Choice('time', spoken(length.seconds),
               f'expected on {machine.name}: {steps * length.epochs:,} steps at the measured speed',
               {})]
