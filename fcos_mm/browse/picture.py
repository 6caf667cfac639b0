"""What FCOS makes of a picture: which location learns which box."""
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from mmengine.config import Config

from fcos_mm.analysis.assignment_stats import count_image, percent
from fcos_mm.analysis.figures.scene import scene_of
from fcos_mm.analysis.input_size import InputBoxes
from fcos_mm.analysis.location_samples import LocationSamples
from fcos_mm.browse.samples import Sample


class Picture:
    """A picture of the training set at the network's input, and its positive locations.

    Args:
        cfg: The config; its data preprocessor decides the padding.
        sample: The picture.
        classes: C names.
        samples: The locations of the config's FCOS head; None for other heads.

    Attributes:
        scene: The picture with boxes, locations and targets.
    """

    def __init__(self, cfg: Config, sample: Sample, classes: Sequence[str],
                 samples: LocationSamples | None) -> None:
        self.name, self.image_id = sample.name, sample.image_id
        self.scene = scene_of(cfg, sample.packed, classes, samples and samples.head)
        self.labels = sample.packed['data_samples'].gt_instances.labels.numpy()
        self.size = tuple(sample.packed['inputs'].shape[:0:-1])  # width and height
        self._samples, self._boxes = samples, self._input_boxes(sample)

    @cached_property
    def ambiguous(self) -> np.ndarray:
        """The locations that several boxes claim."""
        location, claims = np.unique(self._assigned.claimed, return_counts=True)
        return location[claims > 1]

    @cached_property
    def missed(self) -> list[int]:
        """The boxes without a positive location."""
        return self.scene.unanswered if self._samples else []

    def numbers(self) -> dict[str, Any]:
        """What is said below the picture."""
        height, width = self.scene.pixels.shape
        shown = dict(name=self.name, image_id=self.image_id, width=self.size[0],
                     height=self.size[1], padded=[width, height], boxes=len(self.scene.boxes),
                     classes=dict(Counter(self.scene.names)))
        if not self._samples:
            return shown
        counts = count_image(self._assigned, self._boxes)
        reasons = self._samples.why(self._boxes, self._assigned) if self.missed else []
        positives = int(counts.positives.sum())
        return dict(
            shown, positives=positives, ambiguous=counts.ambiguous,
            ambiguous_share=percent(counts.ambiguous, positives),
            levels={level.name: number for level, number in
                    zip(self.scene.levels, counts.positives.tolist())},
            missed=[dict(name=self.scene.names[box], reason=self._samples.reasons[reasons[box]],
                         box=[round(side, 1) for side in self.scene.boxes[box].tolist()])
                    for box in self.missed])

    @cached_property
    def _assigned(self):
        return self._samples.assign(self._boxes)

    def _input_boxes(self, sample: Sample) -> InputBoxes:
        data = sample.packed['data_samples']
        ignored = data.get('ignored_instances')
        crowd = ignored.bboxes.tensor if ignored is not None and 'bboxes' in ignored else \
            torch.zeros(0, 4)
        return InputBoxes(
            size=self.size, padded=self.scene.pixels.shape[::-1],
            factor=tuple(data.metainfo.get('scale_factor', (1., 1.)))[:2],
            boxes=data.gt_instances.bboxes.tensor, categories=data.gt_instances.labels,
            crowd=crowd)
