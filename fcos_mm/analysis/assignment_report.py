"""Report assignment statistics as text: do the regress ranges fit the data?"""
from collections.abc import Iterator

import numpy as np

from fcos_mm.analysis.annotations import describe_left_out
from fcos_mm.analysis.assignment_stats import percent

#: Share of the boxes, in percent, below which a level or a reason does not matter.
NEGLIGIBLE = 1.0
_UNBOUNDED = 1e6  # pixels; configs write infinity as 1e8

_REMEDIES = dict(
    too_small='Use a larger input (try it with --scale), or add a level with a smaller stride.',
    regress_range='Close gaps between the regress ranges, or raise the bounds of the finer levels.',
    center='Raise assigner.center_sampling_radius.',
    crowd="Set assigner.crowd to 'drop' or 'ignore'.",
    outranked='Boxes at nearly the same position compete: look for duplicates, or use a '
    'larger input.',
    low_iou='Add anchors of their size and ratio, or allow low-quality matches '
    '(min_pos_iou=0).')


def report(statistics: dict) -> str:
    """Format what :func:`~fcos_mm.analysis.assignment_stats.assignment_statistics` returned."""
    return '\n'.join([
        data_line(statistics), *_input(statistics), '', *_recall(statistics), '',
        *_levels(statistics), '', *_unanswered(statistics), '', *_verdict(statistics)
    ])


def data_line(statistics: dict) -> str:
    left_out = describe_left_out(statistics['left_out'])
    return (f"{statistics['ann_file']}: {statistics['num_images']} images, "
            f"{statistics['num_gt']} boxes" + (f' (left out: {left_out})' if left_out else ''))


def _input(statistics: dict) -> Iterator[str]:
    size = statistics['input']
    scale = size['scale'] and f'{max(size["scale"])} x {min(size["scale"])}'
    resized = 'images are not resized' if scale is None else (
        f'resized to {"at most " if size["keep_ratio"] else ""}{scale}')
    yield f"input: {resized}, padded to a multiple of {size['divisor']}"
    for note in size['notes']:
        yield f'note: {note}'


def _recall(statistics: dict) -> Iterator[str]:
    sample = statistics['sample']
    yield (f"best possible recall: {statistics['bpr']:.2f} % ({statistics['num_recalled']} of "
           f"{statistics['num_gt']} boxes have a positive {sample})")
    yield (f"ambiguous samples: {statistics['ambiguous']:.2f} % of {statistics['num_positive']} "
           f"positive {sample}s are claimed by several boxes, "
           f"{statistics['ambiguous_other_class']:.2f} % by boxes of several categories")


def _levels(statistics: dict) -> Iterator[str]:
    yield f'{"stride":>6}  {"regress range":>13}  {"positives":>18}  {"boxes":>18}'
    for level in statistics['levels']:
        positives = _share(level['positives'], statistics['num_positive'])
        boxes = _share(level['boxes'], statistics['num_gt'])
        yield (f"{level['stride']:>6}  {_range(level['regress_range']):>13}  {positives:>18}  "
               f'{boxes:>18}')
    yield 'A box may have positives on several levels.'


def _share(part: int, whole: int) -> str:
    return f'{part} ({percent(part, whole):4.1f} %)'


def _range(bounds: list[float | None] | None) -> str:
    if bounds is None:
        return '-'
    low, high = bounds
    return f'{low:g} - ' + ('inf' if high is None or high >= _UNBOUNDED else f'{high:g}')


def _unanswered(statistics: dict) -> Iterator[str]:
    boxes = statistics['unanswered']
    if not boxes:
        yield f"Every box has a positive {statistics['sample']}."
        return
    yield (f"{_share(len(boxes), statistics['num_gt'])} boxes have no positive "
           f"{statistics['sample']}:")
    for name, meaning in statistics['reasons'].items():
        sizes = [box['input_size'] for box in boxes if box['reason'] == name]
        if sizes:
            width, height = np.median(sizes, axis=0)
            yield (f'{len(sizes):>8}  {meaning} (median {width:.0f} x {height:.0f} pixels of the '
                   'input)')


def _verdict(statistics: dict) -> Iterator[str]:
    boxes, fits = statistics['num_gt'], True
    for name in statistics['reasons']:
        number = sum(box['reason'] == name for box in statistics['unanswered'])
        if percent(number, boxes) >= NEGLIGIBLE:
            fits = False
            yield f'{_share(number, boxes)} boxes are lost ({name}). {_REMEDIES[name]}'
    for level in statistics['levels']:
        if percent(level['boxes'], boxes) < NEGLIGIBLE:
            fits = False
            yield (f"The level of stride {level['stride']} serves {_share(level['boxes'], boxes)} "
                   'boxes: too few to train it. Shift the ranges to where the boxes are, or remove '
                   'the level.')
    if fits:
        yield (f'The settings fit: no cause loses {NEGLIGIBLE:g} % of the boxes, and every level '
               f'serves at least {NEGLIGIBLE:g} %.')
