"""How many boxes images have."""
import numpy as np

from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.datasets.statistics.histogram import bins
from fcos_mm.datasets.statistics.histogram import boxes_per_image as numbers_of
from fcos_mm.pages.chapter import Chapter

_BINS = 30  # at most


def boxes_per_image(inputs: DataInputs) -> Chapter:
    """The number of boxes of the images, as a histogram of whole numbers."""
    numbers = {split.name: numbers_of(split) for split in inputs.splits}
    most = max(int(values.max(initial=0)) for values in numbers.values())
    edges = np.arange(0, most + 2 + most // _BINS, most // _BINS + 1) - 0.5
    return Chapter('boxes_per_image', 'Boxes per image', dict(
        edges=edges.tolist(), counts=[dict(name=name, counts=bins(values, edges))
                                      for name, values in numbers.items()],
        empty={name: of['empty'] for name, of in inputs.summaries.items()}),
        'data_report/boxes_per_image.html')
