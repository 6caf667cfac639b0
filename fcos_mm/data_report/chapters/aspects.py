"""The shapes of boxes."""
from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.datasets.statistics.histogram import ASPECT_EDGES, bins
from fcos_mm.datasets.statistics.histogram import aspects as aspects_of
from fcos_mm.pages.chapter import Chapter


def aspects(inputs: DataInputs) -> Chapter:
    """Width over height of the boxes."""
    return Chapter('aspects', 'Aspect ratios', dict(edges=ASPECT_EDGES, counts=[
        dict(name=split.name, counts=bins(aspects_of(split), ASPECT_EDGES))
        for split in inputs.splits]), 'data_report/aspects.html')
