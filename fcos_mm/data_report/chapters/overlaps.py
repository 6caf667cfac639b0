"""How much boxes overlap."""
from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.datasets.statistics.histogram import SHARE_EDGES, bins
from fcos_mm.datasets.statistics.histogram import overlaps as overlaps_of
from fcos_mm.pages.chapter import Chapter


def overlaps(inputs: DataInputs) -> Chapter:
    """The largest IoU of each box with another one of its image."""
    return Chapter('overlaps', 'Overlaps', dict(
        edges=SHARE_EDGES, counts=[
            dict(name=split.name, counts=bins(overlaps_of(split), SHARE_EDGES))
            for split in inputs.splits],
        much={name: of['overlapping'] for name, of in inputs.summaries.items()}),
        'data_report/overlaps.html')
