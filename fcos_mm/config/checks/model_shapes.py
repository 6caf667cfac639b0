"""Check that backbone, neck and heads fit: channels, levels, strides and groups."""
import inspect
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mmdet.models.task_modules import SSDAnchorGenerator
from mmengine.config import Config

from fcos_mm.config.checks import dry_run
from fcos_mm.config.checks.dry_run import Level, component, explain_refusal
from fcos_mm.config.keys import listed
from fcos_mm.errors import UserError
from fcos_mm.faults import Faults


class Maps(NamedTuple):
    """Feature maps, and the dotted key and the config of the part that makes them."""
    levels: Sequence[Level]
    key: str
    cfg: dict

    @property
    def source(self) -> str:
        """The part and its type, e.g. ``'model.neck (FPN)'``."""
        return f'{self.key} ({self.cfg.get("type")})'

    @property
    def channels(self) -> list[int]:
        return [level.channels for level in self.levels]

    @property
    def strides(self) -> tuple[int, ...]:
        """Of each map, 0 where it is not known."""
        return tuple(level.stride for level in self.levels)

    @property
    def of_strides(self) -> str:
        """The strides as a part of a sentence; empty if they are not known."""
        return f' of strides {self.strides}' if all(self.strides) else ''

    def or_set(self, name: str, value: object) -> str:
        """Another setting of the part that would help, if the part has it."""
        return f', or {self.key}.{name}={value}' if name in self.cfg else ''

    def misfit(self, setting: str, found: str, advice: str) -> UserError:
        """The error of a setting that the maps contradict."""
        return UserError(f'{setting}, but the maps of {self.source}{found}.\n{advice}.')


def shape_faults(cfg: Config, mode: str) -> list[str]:
    """Run backbone and neck on ``meta`` and compare neck and heads with the feature maps.

    The user's own parts are not run, and what cannot be built for another reason is left to
    the building of the model. Only a training needs regress ranges.
    """
    faults = Faults('the model')
    with dry_run.undisturbed(cfg.get('default_scope') or 'fcos_mm'):
        for key, model in _detectors(cfg.get('model'), 'model'):
            with faults.gather():
                _check_detector(key, model, mode, faults)
    return faults.messages


def _detectors(cfg, key: str) -> Iterator[tuple[str, dict]]:
    """Find the detectors of a model: itself, or those that a wrapper holds."""
    if not isinstance(cfg, dict):
        return
    if isinstance(cfg.get('backbone'), dict):
        if component(cfg) is not None:
            yield key, cfg
    else:
        for name, part in cfg.items():
            yield from _detectors(part, f'{key}.{name}')


def _check_detector(key: str, model: dict, mode: str, faults: Faults) -> None:
    necks = listed(_neck_of(model), f'{key}.neck')
    maps = _made_maps(f'{key}.backbone', model['backbone'])
    if maps is None and necks:
        maps = _expected_maps(f'{key}.backbone', model['backbone'], necks[0][1])
    for name, neck in necks:
        maps = _made_maps(name, neck, maps) if maps is not None else None
    for name in ('bbox_head', 'rpn_head'):
        if component(model.get(name)) is not None:
            with faults.gather():
                _check_head(f'{key}.{name}', model[name], maps, mode)
    roi_head = model.get('roi_head')
    if maps is not None and isinstance(roi_head, dict):
        for name, extractor in listed(roi_head.get('bbox_roi_extractor'),
                                      f'{key}.roi_head.bbox_roi_extractor'):
            with faults.gather():
                _check_extractor(name, extractor, maps)


def _neck_of(model: dict) -> Any:
    """The neck's settings, as the detector completes them by its backbone."""
    complete = getattr(component(model), 'complete_neck', None)
    if complete is None or component(model['backbone']) is None:
        return model.get('neck')
    try:
        return complete(model['backbone'], model.get('neck'))
    except UserError:
        raise
    except Exception:  # of wrong settings; the backbone's build tells it in full
        return model.get('neck')


def _made_maps(key: str, cfg: dict, maps: Maps | None = None) -> Maps | None:
    """The maps that a backbone, or a neck from other maps, makes; None if it cannot be run."""
    if component(cfg) is None:
        return None
    levels, error = dry_run.run(cfg, None if maps is None else maps.levels)
    if levels is not None:
        return Maps(levels, key, cfg)
    explain_refusal(key, cfg, error)
    if maps is not None:
        _explain_neck(key, cfg, maps, error)
    return None


def _expected_maps(key: str, cfg: dict, neck: dict) -> Maps | None:
    """The maps that a neck is set to, for a backbone that is not run; square, without strides."""
    channels = neck.get('in_channels') if isinstance(neck, dict) else None
    if not isinstance(channels, (list, tuple)) or not all(isinstance(n, int) for n in channels):
        return None
    sides = [1024 >> number for number in range(len(channels))]
    return Maps([Level(count, (side, side), (4096, 4096))
                 for count, side in zip(channels, sides)], key, cfg)


def _explain_neck(key: str, cfg: dict, maps: Maps, error: Exception) -> None:
    """Say why a neck cannot be built or run, if the reason is one of these settings."""
    expected = cfg.get('in_channels')
    if isinstance(expected, (list, tuple)) and list(expected) != maps.channels:
        other = '' if len(expected) == len(maps.channels) else (
            f', or let the backbone make {len(expected)} maps (out_indices)')
        raise maps.misfit(f'{key}.in_channels={list(expected)}',
                          f'{maps.of_strides} have {maps.channels} channels',
                          f'Set {key}.in_channels={maps.channels}{other}')
    if isinstance(expected, tuple) and isinstance(error, AssertionError):
        raise UserError(f'{key}.in_channels={expected} is a tuple.\n'
                        f'Set {key}.in_channels={list(expected)}.')
    defaults = {name: parameter.default
                for name, parameter in inspect.signature(component(cfg)).parameters.items()}
    start, end, outs = ({**defaults, **cfg}.get(name)
                        for name in ('start_level', 'end_level', 'num_outs'))
    if all(isinstance(value, int) for value in (start, end, outs)):
        _check_pyramid(key, len(maps.levels), start, end, outs)


def _check_pyramid(key: str, count: int, start: int, end: int, outs: int) -> None:
    """Check the levels that a pyramid takes and makes, by the rules of mmdet's ``FPN``."""
    last = count - 1 if end == -1 else end
    if not 0 <= start <= last < count:
        raise UserError(
            f'{key}.start_level={start} and end_level={end}, but the backbone makes {count} maps, '
            f'numbered from 0 to {count - 1}.\nSet {key}.start_level and end_level to such '
            'numbers, the first not above the last (end_level=-1: the last map).')
    taken = last - start + 1
    if outs < taken or outs > taken and last < count - 1:
        least = 'at least ' if last == count - 1 else ''
        raise UserError(
            f'{key}.num_outs={outs}, but start_level={start} and end_level={end} take {taken} of '
            f'the {count} maps of the backbone.\nSet {key}.num_outs to {least}{taken}, or other '
            'levels; the head needs as many strides and regress_ranges.')


def _check_head(key: str, cfg: dict, maps: Maps | None, mode: str) -> None:
    cfg = {name: value for name, value in cfg.items() if name not in ('train_cfg', 'test_cfg')}
    if key.endswith('.rpn_head'):
        cfg['num_classes'] = 1  # as mmdet's two-stage detectors set it
    try:
        head = dry_run.build(cfg)
    except Exception as error:  # of any component; building it later tells it in full
        explain_refusal(key, cfg, error)
        return
    strides = _strides_of(head)
    if strides is not None and maps is not None:
        _check_strides(key, head, strides, maps)
    if mode == 'train':
        _check_ranges(key, head, strides)
    if maps is not None:
        _check_channels(f'{key}.in_channels', head, maps)


def _strides_of(head) -> tuple[float, ...] | None:
    """The strides that a dense head takes its maps for; None if it has none of its own."""
    generator = getattr(head, 'location_generator', getattr(head, 'prior_generator', None))
    strides = getattr(generator, 'strides', None)
    if not isinstance(strides, (list, tuple)) or not strides:
        return None
    if isinstance(generator, SSDAnchorGenerator):  # its strides are for one size of image
        return None
    return tuple(min(stride) if isinstance(stride, (list, tuple)) else stride
                 for stride in strides)


def _check_strides(key: str, head, strides: Sequence[float], maps: Maps) -> None:
    key, sizes = ((f'{key}.anchor_generator.strides', 'anchor sizes')
                  if hasattr(head, 'anchor_generator')
                  else (f'{key}.strides', f'{key}.assigner.regress_ranges'))
    count = len(maps.levels)
    if len(strides) != count:
        mend = f'{key}={maps.strides}' if maps.of_strides else f'{count} {key}'
        raise UserError(
            f'{key}={strides} has {len(strides)} levels, but {maps.source} makes {count} maps'
            f'{maps.of_strides}.\nSet {mend} with {sizes} to match'
            f'{maps.or_set("num_outs", len(strides))}.')
    wrong = [number for number, (stride, level) in enumerate(zip(strides, maps.levels))
             if not level.has_stride(stride)]
    if wrong:
        other = f', or use other maps of the backbone: {maps.key}.start_level' if (
            'start_level' in maps.cfg) else ''
        raise maps.misfit(f'{key}={strides}',
                          f' have strides {maps.strides}: level {wrong[0]} differs',
                          f'Set {key}={maps.strides} with {sizes} to match{other}')


def _check_ranges(key: str, head, strides: Sequence[float] | None) -> None:
    ranges = getattr(getattr(head, 'assigner', None), 'regress_ranges', None)
    if ranges is None or strides is None:
        return
    given = tuple(map(_as_written, ranges))
    key = f'{key}.assigner.regress_ranges={given}'
    if len(ranges) != len(strides):
        raise UserError(
            f'{key} has {len(ranges)} levels, but strides={strides} of the head has '
            f'{len(strides)}.\nSet one range for each level, the last with None as upper bound.')
    upwards = sorted(zip(strides, ranges), key=lambda level: level[0])
    for (_, lower), (stride, upper) in zip(upwards, upwards[1:]):
        if upper[0] < lower[0] or upper[1] < lower[1]:
            raise UserError(
                f'{key}: the range of stride {stride}, {_as_written(upper)}, is below that of the '
                f'finer level, {_as_written(lower)}.\nRanges must increase with the strides.')
        if upper[0] > lower[1] + 1:
            raise UserError(
                f'{key}: no level learns distances from {lower[1]} to {upper[0]} pixels.'
                '\nEach range must begin where the previous one ends.')


def _as_written(bounds: tuple[float, float]) -> tuple[float, float | None]:
    """A regress range as a config writes it: without an upper end it ends with None."""
    return bounds[0], None if bounds[1] == float('inf') else bounds[1]


def _check_channels(key: str, head, maps: Maps) -> None:
    expected = getattr(head, 'in_channels', None)
    found = sorted(set(maps.channels))
    if not isinstance(expected, int) or found == [expected]:
        return
    try:
        head(dry_run.make_maps(maps.levels))
    except Exception:  # whatever a layer says to a wrong number of channels
        if len(found) > 1:
            raise maps.misfit(
                f'{key}={expected}', f' have {maps.channels} channels',
                'A head needs as many channels on every level: add a neck, such as FPN') from None
        raise maps.misfit(
            f'{key}={expected}', f' have {found[0]} channels',
            f'Set {key}={found[0]}{maps.or_set("out_channels", expected)}') from None


def _check_extractor(key: str, cfg: dict, maps: Maps) -> None:
    strides = cfg.get('featmap_strides') if component(cfg) is not None else None
    if not isinstance(strides, (list, tuple)):
        return
    known = maps.levels[:len(strides)]
    if len(strides) > len(known) or not all(
            level.has_stride(stride) for level, stride in zip(known, strides)):
        found = list(maps.strides)
        raise maps.misfit(f'{key}.featmap_strides={list(strides)}', f' have strides {found}',
                          f'Set {key}.featmap_strides={found[:len(strides)]}')
    channels = cfg.get('out_channels')
    if any(level.channels != channels for level in known):
        raise maps.misfit(
            f'{key}.out_channels={channels}', f' have {known[0].channels} channels',
            f'Set {key}.out_channels={known[0].channels} and in_channels of the roi_head\'s '
            f'bbox_head to match{maps.or_set("out_channels", channels)}')
