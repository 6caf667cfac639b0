"""What to do next, from the numbers of all chapters: one rule a function.

A rule gets the numbers of the chapters by key, ``summary`` among them. It returns a sentence or
two, or None where it has nothing to say. A chapter may be missing.
"""
from collections.abc import Callable, Mapping
from statistics import fmean

from fcos_mm.faults import counted

Numbers = Mapping[str, Mapping]

_MOST = 5  # hints in a report
_RARE = 20  # boxes of a class below which its numbers are noise
_FEW_IMAGES = 50
#: By kind of error how it is called, and what helps.
_REMEDIES = {
    'class': ('Wrong classes', 'see the confusion matrix. Check the labels of these classes, '
              'merge classes that nobody can tell apart, and add images of the others.'),
    'place': ('Inaccurate boxes', 'check that the annotated boxes are tight, and train longer or '
              'with a larger input.'),
    'duplicate': ('Duplicates', 'the same object is found several times. Try a lower IoU threshold '
                  'of NMS: `--cfg-options model.test_cfg.nms.iou_threshold=0.4`.'),
    'background': ('Detections of background', 'annotate forgotten objects, and add images '
                   'without boxes of what is mistaken for an object.'),
    'missed': ('Missed boxes', 'see the pictures, and add images of what is missed.')}


def hints(numbers: Numbers) -> list[str]:
    """The most urgent hints, at most five."""
    return [hint for rule in RULES if (hint := rule(numbers)) is not None][:_MOST]


def finds_nothing(numbers: Numbers) -> str | None:
    """Hardly anything is right."""
    precision = numbers['summary']['precision']['AP50']
    if precision is None or precision >= 0.1:
        return None
    return (f'AP50 is {precision:.3f}: the model has hardly learned anything. Check the data with '
            '`fcos-mm check-data`, then train longer, starting from pretrained weights.')


def overfits(numbers: Numbers) -> str | None:
    """AP fell while the training loss went on falling."""
    chapter = numbers.get('curves', {})
    precision, loss = _values(chapter, 'precision', 'AP'), _values(chapter, 'losses', 'loss')
    if len(precision) < 4 or len(loss) < 4:
        return None
    best, last = max(precision), precision[-1]
    share = (precision.index(best) + 1) / len(precision)
    after = loss[int(share * len(loss)):]
    if best - last < 0.02 or len(after) < 2 or not after[-1] < after[0]:
        return None
    return (f'Overfitting: AP fell from {best:.3f} to {last:.3f} while the training loss kept '
            'falling. Use more images or stronger augmentation, or train for fewer epochs. The '
            'best checkpoint was kept.')


def still_rises(numbers: Numbers) -> str | None:
    """AP was still rising at the end."""
    chapter = numbers.get('curves', {})
    precision = _values(chapter, 'precision', 'AP')
    quarter = len(precision) // 4
    if not quarter:
        return None
    gain = fmean(precision[-quarter:]) - fmean(precision[-2 * quarter:-quarter])
    if gain < 0.01:
        return None
    count = f'{quarter} validations' if quarter > 1 else 'validation'
    return (f'AP was still rising at the end, by {gain:.3f} over the last {count}. Train longer: '
            'more epochs (`--epochs`, `--time`).')


def misses_small_boxes(numbers: Numbers) -> str | None:
    """Most boxes that are missed are small, and small ones are missed more often."""
    small = numbers['summary']['small']
    if small['side'] is None or small['boxes'] < _RARE:
        return None
    share, other = (small['missed'] / small['boxes'], small['other_missed'] / small['other_boxes'])
    if small['missed'] <= small['other_missed'] or share < 2 * other or share < 0.2:
        return None
    return (f'Small boxes: {small["missed"]:,} of the {small["boxes"]:,} boxes below '
            f'{small["side"]} x {small["side"]} pixels are missed ({share:.0%}, against '
            f'{other:.0%} of the larger ones). Train with a larger input (`--size`), '
            'or detect with `--tiles`.')


def class_is_weak(numbers: Numbers) -> str | None:
    """A class is found much worse than the others."""
    rows = [row for row in numbers.get('classes', {}).get('rows', ())
            if row['ap'] is not None and row['boxes'] >= _RARE]
    if len(rows) < 3:  # that of all classes, and two
        return None
    weakest, all_classes = min(rows[1:], key=lambda row: row['ap']), rows[0]
    if all_classes['ap'] - weakest['ap'] < 0.1:
        return None
    remedy = 'Add images of it.'
    if weakest['ap50'] > all_classes['ap50'] - 0.05:
        remedy = (f'It is found as well as others (AP50 {weakest["ap50"]:.3f}), but its boxes are '
                  'inaccurate: annotate tighter boxes, or train with a larger input (`--size`).')
    return (f'The weakest class is {weakest["name"]}: AP {weakest["ap"]:.3f}, against '
            f'{all_classes["ap"]:.3f} over all classes. {remedy}')


def errors_cost(numbers: Numbers) -> str | None:
    """The kind of error that costs most, and what helps against it."""
    costs = {kind: cost for kind, cost in numbers.get('errors', {}).get('costs', {}).items()
             if kind in _REMEDIES and cost is not None}
    kind = max(costs, key=costs.get, default=None)
    if kind is None or costs[kind] < 0.03:
        return None
    name, remedy = _REMEDIES[kind]
    return f'{name} cost the most, {costs[kind]:.3f} AP50: {remedy}'


def labels_are_doubtful(numbers: Numbers) -> str | None:
    """A model that is good finds faults of the annotations."""
    if (numbers['summary']['precision']['AP50'] or 0) < 0.5:
        return None
    reasons = numbers.get('label_faults', {}).get('reasons', {})
    count = sum(reason['sure'] for reason in reasons.values())
    if not count:
        return None
    return (f'Check the suspected label faults: the model is very sure of {count:,}. Wrong '
            'labels cost AP twice: in training and in evaluation.')


def classes_are_rare(numbers: Numbers) -> str | None:
    """Too few boxes to learn a class, or to measure it."""
    run = numbers.get('run', {})
    rare = {name: [count < _RARE for count in counts] for name, *counts in run.get('classes', ())}
    names = [name for name, few in rare.items() if any(few)]
    if not names:
        return None
    splits = [split for (split, *_), few in zip(run['splits'], zip(*rare.values())) if any(few)]
    shown = ', '.join(names[:5]) + (f' and {len(names) - 5} more' if len(names) > 5 else '')
    return (f'{" and ".join(splits)}: fewer than {_RARE} boxes of {shown}. This is too '
            'few to learn a class or to measure it: annotate more.')


def images_are_few(numbers: Numbers) -> str | None:
    """AP of a small split is a rough estimate."""
    images = numbers['summary']['images']
    if images >= _FEW_IMAGES:
        return None
    return (f'AP is measured on only {counted(images, "image")}: small differences between two '
            'trainings are noise. Annotate more images for this split.')


def look_at_errors(numbers: Numbers) -> str | None:
    """Always worth it."""
    if 'pictures' not in numbers:
        return None
    return ('Look at the pictures below: errors of one kind often have one cause, and more images '
            'of that kind often fix it.')


def detect(numbers: Numbers) -> str | None:
    """What the threshold is for."""
    threshold = numbers['summary']['best']['threshold']
    if threshold is None:
        return None
    return (f'Keep detections with a score of at least {threshold:.3f} (`fcos-mm detect '
            f'--score-thr {threshold:.3f}`). By default, `fcos-mm detect` uses the best '
            'threshold of the last validation.')


#: The most urgent first.
RULES: tuple[Callable[[Numbers], str | None], ...] = (
    finds_nothing, overfits, still_rises, labels_are_doubtful, misses_small_boxes, errors_cost,
    class_is_weak, classes_are_rare, images_are_few, look_at_errors, detect)


def _values(chapter: Mapping, chart: str, name: str) -> list[float]:
    """The values of a line of a chart in the curves; empty if it is not there."""
    return [value for line in chapter.get(chart, ()) if line['name'] == name
            for value in line['y'] if value is not None]
