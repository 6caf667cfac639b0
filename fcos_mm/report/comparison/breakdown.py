"""Where two runs differ: classes, groups of boxes, kinds of errors."""
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.comparison.side import Side, difference

_GROUPS = {'coco_size': 'size', 'size': 'side', 'overlap': 'overlap', 'position': 'position'}


def classes(a: Side, b: Side) -> Chapter:
    """AP and best F1 of each class in both runs."""
    before, after = ({row['name']: row for row in side.numbers['classes']['rows']}
                     for side in (a, b))
    return Chapter('classes', 'Classes', {'rows': [
        {'name': name, 'boxes': row['boxes'],
         **{key: _pair(row[key], after[name][key]) for key in ('ap', 'f1')}}
        for name, row in before.items()]}, 'report/compare_classes.html')


def groups(a: Side, b: Side) -> Chapter:
    """AP and recall by size, overlap and position in both runs."""
    return Chapter('groups', 'Size, overlap, position', {'rows': [
        {'by': name, 'name': before['name'], 'boxes': before['boxes'],
         **{column: _pair(before[column], after[column]) for column in ('ap', 'recall')}}
        for key, name in _GROUPS.items()
        for before, after in zip(*(side.numbers['groups'][key] for side in (a, b)))]},
        'report/compare_groups.html')


def errors(a: Side, b: Side) -> Chapter:
    """What each kind of error costs in both runs."""
    before, after = (side.numbers['errors'] for side in (a, b))
    return Chapter('errors', 'Errors', {'rows': [
        {'name': name, 'cost': _pair(cost, after['costs'][name]),
         'shown': _pair(before['shown'][name], after['shown'][name])}
        for name, cost in before['costs'].items()]}, 'report/compare_errors.html')


def _pair(before: float | None, after: float | None) -> dict:
    return {'a': before, 'b': after, 'difference': difference(before, after)}
