"""How large boxes are."""
from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.data_report.text import percent
from fcos_mm.datasets.statistics.histogram import (
    SHARE_EDGES,
    SIDE_EDGES,
    bins,
    box_sides,
    relative_sides,
)
from fcos_mm.datasets.statistics.summary import INPUT, STRIDE
from fcos_mm.pages.chapter import Chapter


def box_sizes(inputs: DataInputs) -> Chapter:
    """Sides, the root of the area, in pixels and relative to the image; COCO's three sizes."""
    splits = inputs.splits
    return Chapter('box_sizes', 'Box sizes', dict(
        side_edges=SIDE_EDGES, share_edges=SHARE_EDGES, input=[*INPUT], stride=STRIDE,
        sides=[dict(name=split.name, counts=bins(box_sides(split), SIDE_EDGES))
               for split in splits],
        relative=[dict(name=split.name, counts=bins(relative_sides(split), SHARE_EDGES))
                  for split in splits],
        shares=[dict(name=name, y=[of[size] for size in ('small', 'medium', 'large')])
                for name, of in inputs.summaries.items()],
        extremes=[[name, *(percent(of[key]) for key in ('tiny', 'tiny_at_input', 'huge'))]
                  for name, of in inputs.summaries.items()]), 'data_report/box_sizes.html')
