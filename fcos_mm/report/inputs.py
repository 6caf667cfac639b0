"""All that the chapters of a report are made of."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fcos_mm.report.results import Results


@dataclass(frozen=True)
class ReportInputs:
    """A trained detector, its training and its results.

    Attributes:
        results: Its detections on a split, and the boxes there.
        split: Name of the split: ``'val'`` or ``'test'``.
        ann_file: Annotation file of the split.
        checkpoint: File of the weights.
        config: Text of the config.
        logs: What the training logged, in the order of the steps: rows of mmengine's
            ``scalars.json``. Empty without a training.
        run: Facts on the run for a reader: names and values, such as the versions of packages,
            the time it took, the memory.
        ann_checksum: SHA-256 of the annotation file, by which two reports on it are known.
        data: Of each split by name ``images``, ``boxes`` and ``classes``, the boxes by class.
    """

    results: Results
    split: str
    ann_file: str
    checkpoint: str
    config: str
    logs: Sequence[Mapping[str, float]]
    run: Mapping[str, str]
    ann_checksum: str = ''
    data: Mapping[str, Mapping] = field(default_factory=dict)
