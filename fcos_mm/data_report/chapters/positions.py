"""Where in their images boxes are."""
from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.datasets.statistics.histogram import SHARE_EDGES, center_counts
from fcos_mm.pages.chapter import Chapter


def positions(inputs: DataInputs) -> Chapter:
    """Maps of the centers of boxes, upwards from the lower edge as charts are drawn."""
    return Chapter('positions', 'Positions', dict(edges=SHARE_EDGES, maps=[
        dict(name=split.name, counts=[column[::-1] for column in center_counts(split)])
        for split in inputs.splits if split.annotations]), 'data_report/positions.html')
