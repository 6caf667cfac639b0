"""What the shown pictures have in common."""
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fcos_mm.analysis.assignment_stats import percent
from fcos_mm.pages.chapter import Chapter


def summary(shown: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> Chapter:
    """Count boxes, positive locations and ambiguous samples of all pictures together.

    Args:
        shown: The numbers of the pictures.
        settings: What the locations depend on, see :func:`fcos_mm.browse.page.settings_of`.
    """
    numbers = dict(
        settings=dict(settings), pictures=len(shown), boxes=sum(each['boxes'] for each in shown),
        classes=_sum(each['classes'] for each in shown))
    if settings['ranges']:
        positives = sum(each['positives'] for each in shown)
        ambiguous = sum(each['ambiguous'] for each in shown)
        missed = [dict(box, picture=each['name']) for each in shown for box in each['missed']]
        numbers |= dict(
            positives=positives, levels=_sum(each['levels'] for each in shown),
            ambiguous=ambiguous, ambiguous_share=percent(ambiguous, positives), missed=missed,
            missed_share=percent(len(missed), numbers['boxes']))
    return Chapter('summary', 'Summary', numbers, 'browse/summary.html')


def _sum(counts) -> dict[str, int]:
    total: Counter = Counter()
    for each in counts:
        total.update(each)
    return dict(total)
