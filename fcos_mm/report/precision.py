"""AP of groups of boxes, from the results of a report."""
from fcos_mm.evaluation.group_precision import BoxGroups, GroupPrecision, precision_of_groups
from fcos_mm.report.results import Results


def group_precision(results: Results, groups: BoxGroups) -> GroupPrecision:
    """See :func:`fcos_mm.evaluation.group_precision.precision_of_groups`."""
    found, truth = results.found, results.truth
    return precision_of_groups(
        scores=found.scores, labels=found.labels, order=results.order, box_labels=truth.labels,
        crowd=truth.crowd, pairs=results.overlaps, groups=groups, classes=len(results.classes))
