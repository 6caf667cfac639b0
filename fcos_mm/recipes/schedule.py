"""Batch size, learning rate, length and validations, from the number of images and the time."""
import math
from typing import NamedTuple

from fcos_mm.errors import UserError
from fcos_mm.recipes.machine import Machine

_BATCHES = (16, 8, 4, 2, 1)
_CPU_BATCH = 8
_STEPS_OF_EPOCH = 4  # an epoch has at least so many
# Of memory that a pixel of the input takes in training: 4.7 GB were measured for 8 images of
# 448 x 336 drawn up to a fifth larger. A quarter of the memory stays free.
_BYTES_PER_PIXEL = 4000
_SHARE_OF_MEMORY = 0.75
_IMAGES_SEEN = 40_000  # of all epochs together: 5000 steps of 8
_EPOCHS = (12, 150)
_VALIDATIONS = 40  # at most
_SHARE_OF_VALIDATION = 0.15  # of the time
_CPU_SECONDS = 3600
_START = 15  # seconds until the first step


class Speed(NamedTuple):
    """Measured seconds."""
    step: float  # of a training step
    validation: float  # of a validation


class Length(NamedTuple):
    """How long a training is."""
    epochs: int
    val_interval: int  # epochs between validations
    seconds: float  # expected
    reason: str


def choose_batch(given: int | None, images: int, pixels: int, machine: Machine
                 ) -> tuple[int, str]:
    """The images of a step, with the reason.

    Args:
        given: The batch size that the user wants.
        images: Of the training set.
        pixels: Of an image at the network's input.
        machine: Its memory is the limit.

    Raises:
        UserError: If the training set has fewer images than a batch.
    """
    if given:
        if given > images:
            raise UserError(f'--batch {given}: the training set has only {images} images. Give '
                            f'--batch {images} or less.')
        return given, 'given'
    fits = machine.memory * _SHARE_OF_MEMORY / (pixels * _BYTES_PER_PIXEL)
    limits = {
        f'{machine.memory / 2**30:.0f} GiB of free memory': fits,
        f'{images} images: an epoch has at least {_STEPS_OF_EPOCH} steps':
            images // _STEPS_OF_EPOCH,
        'default on a GPU' if machine.has_gpu else 'default on a CPU':
            _BATCHES[0] if machine.has_gpu else _CPU_BATCH}
    reason = min(limits, key=limits.get)
    return next((batch for batch in _BATCHES if batch <= limits[reason]), 1), reason


def choose_rate(given: float | None, batch: int, base: float, base_batch: int
                ) -> tuple[float, str]:
    """The learning rate, with the reason: Adam's scales with the square root of the batch."""
    if given:
        return given, 'given'
    rate = float(f'{base * math.sqrt(batch / base_batch):.2g}')
    if batch == base_batch:
        return rate, f'from the base config, for batch size {base_batch}'
    return rate, f'{base:g} for batch size {base_batch}, scaled by the square root of the ratio'


def choose_length(images: int, steps: int, speed: Speed, machine: Machine, *,
                  epochs: int | None = None, seconds: float | None = None) -> Length:
    """The number of epochs and of validations.

    Args:
        images: Of the training set.
        steps: Of an epoch.
        speed: Measured.
        machine: A CPU has a limit of its own.
        epochs: Given by the user; counts before ``seconds``.
        seconds: What the training may take.

    Raises:
        UserError: If there is not the time for one epoch.
    """
    wanted = min(max(round(_IMAGES_SEEN / images), _EPOCHS[0]), _EPOCHS[1])
    if epochs:
        return _length(epochs, steps, speed, 'given')
    if seconds is None and not machine.has_gpu:
        length = _length(wanted, steps, speed, _wanted(images, wanted))
        if length.seconds <= _CPU_SECONDS:
            return length
        most = max(_fitting(_CPU_SECONDS, steps, speed), 1)
        return _length(most, steps, speed, 'what a CPU can do in about an hour; the data call for '
                       f'{wanted}: use --time or --epochs for more')
    if seconds is None:
        return _length(wanted, steps, speed, _wanted(images, wanted))
    most = _fitting(seconds, steps, speed)
    if most < 1:
        least = _length(1, steps, speed, '').seconds
        raise UserError(f'--time is too short: one epoch with validation takes about '
                        f'{spoken(least)}. Give --time {_as_option(least)} or more, or a smaller '
                        '--size.')
    return _length(most, steps, speed, f'what fits in {spoken(seconds)}')


def spoken(seconds: float) -> str:
    """A time in words: ``'1 h 20 min'``."""
    if seconds < 90:
        return f'{seconds:.0f} s'
    minutes = round(seconds / 60)
    return f'{minutes} min' if minutes < 90 else f'{minutes // 60} h {minutes % 60} min'


def _as_option(seconds: float) -> str:
    return f'{math.ceil(seconds / 60)}m'


def _wanted(images: int, epochs: int) -> str:
    return f'{images} images: each is seen {epochs} times; early stopping may end training sooner'


def _fitting(seconds: float, steps: int, speed: Speed) -> int:
    """The most epochs that end within a time; 0 if none does."""
    low, high = 0, max(int(seconds / max(steps * speed.step, 1e-6)), 1)
    while low < high:
        middle = (low + high + 1) // 2
        if _length(middle, steps, speed, '').seconds <= seconds:
            low = middle
        else:
            high = middle - 1
    return low


def _length(epochs: int, steps: int, speed: Speed, reason: str) -> Length:
    epoch = steps * speed.step
    interval = max(math.ceil(epochs / _VALIDATIONS),
                   math.ceil(speed.validation / (_SHARE_OF_VALIDATION * epoch)))
    interval = min(interval, epochs)
    validations = math.ceil(epochs / interval)
    return Length(epochs, interval, _START + epochs * epoch + validations * speed.validation,
                  reason)
