"""The numbers of two runs, and their differences."""
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.comparison.side import Side, difference


def metrics(a: Side, b: Side) -> Chapter:
    """AP and its kin, F1 at the best threshold of each run, calibration."""
    before, after = _numbers(a), _numbers(b)
    return Chapter('metrics', 'Metrics', {
        'runs': [{'letter': side.letter, 'report': side.source,
                  'checkpoint': side.numbers['summary']['checkpoint'],
                  'model': side.numbers['summary']['model']} for side in (a, b)],
        'ann_file': b.numbers['summary']['ann_file'], 'images': b.numbers['summary']['images'],
        'rows': [{'name': name, 'a': value, 'b': after.get(name),
                  'difference': difference(value, after.get(name))}
                 for name, value in before.items()]}, 'report/compare_metrics.html')


def _numbers(side: Side) -> dict[str, float | None]:
    """By name; the summary has AP with three digits, the other chapters exactly."""
    summary, best = side.numbers['summary'], side.numbers['summary']['best']
    every = side.numbers['classes']['rows'][0]
    sizes = {f'AP {row["name"]}': row['ap'] for row in side.numbers['groups']['coco_size']}
    return {**summary['precision'], 'AP': every['ap'], 'AP50': every['ap50'], **sizes,
            'best F1': best['f1'], 'precision at that threshold': best['precision'],
            'recall at that threshold': best['recall'], 'best score threshold': best['threshold'],
            'calibration error': side.numbers['calibration']['error']}
