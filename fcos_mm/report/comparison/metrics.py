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
    summary, best = side.numbers['summary'], side.numbers['summary']['best']
    return {**summary['precision'], 'best F1': best['f1'], 'precision there': best['precision'],
            'recall there': best['recall'], 'best score threshold': best['threshold'],
            'calibration error': side.numbers['calibration']['error']}
