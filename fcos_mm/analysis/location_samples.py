"""The locations that FCOS's own assigner gives to boxes (paper, Sec. 3.1 and 3.2)."""
import copy

import numpy as np
from mmengine.structures import InstanceData

from fcos_mm.analysis.input_size import InputBoxes
from fcos_mm.analysis.samples import Assigned, Level
from fcos_mm.models.assigner import pad_ground_truth
from fcos_mm.models.head import FCOSHead
from fcos_mm.models.locations import Locations
from fcos_mm.models.structures import GroundTruth


class LocationSamples:
    """The locations of an FCOS head as samples, with the reasons why a box may get none."""
    kind = 'location'
    reasons = dict(
        outranked='smaller boxes win all locations that it claims',
        crowd='crowd boxes mask all locations that it claims',
        regress_range='contains locations, but on no level whose regress range fits',
        center='contains locations, but none near its center',
        too_small='falls between the locations: too small for the strides')

    def __init__(self, head: FCOSHead) -> None:
        self.head = head
        self.levels = [Level(stride, bounds) for stride, bounds in
                       zip(head.strides, head.assigner.regress_ranges)]
        everything = ((0., float('inf')), ) * len(self.levels)
        assigner, self._relaxed = head.assigner, []  # ever fewer conditions
        for name, option, value in (('crowd', 'crowd', 'drop'),
                                    ('regress_range', 'regress_ranges', everything),
                                    ('center', 'center_sampling_radius', None)):
            assigner = copy.copy(assigner)
            setattr(assigner, option, value)
            self._relaxed.append((name, assigner))

    def assign(self, image: InputBoxes) -> Assigned:
        locations, truth = self._locations(image), self._truth(image)
        targets = self.head.assigner.assign(locations, truth, background=self.head.num_classes)
        claims = self.head.assigner.claims(locations, truth)
        gt_index = targets.gt_index[0].numpy()  # (P,)
        positive = np.flatnonzero(gt_index >= 0)
        return Assigned(claims.location.numpy(), claims.box.numpy(), positive, gt_index[positive],
                        locations.counts)

    def why(self, image: InputBoxes, assigned: Assigned) -> list[str]:
        """For each box the condition without which it would claim a location.

        Conditions are removed one by one; the first whose removal suffices is named.
        """
        locations, truth = self._locations(image), self._truth(image)
        reason = np.full(len(image.boxes), 'too_small', dtype=object)
        for name, assigner in reversed(self._relaxed):
            reason[assigner.claims(locations, truth).box.numpy()] = name
        reason[assigned.claimant] = 'outranked'
        return reason.tolist()

    def _locations(self, image: InputBoxes) -> Locations:
        width, height = image.padded
        generator = self.head.location_generator
        return generator(generator.sizes(height, width), 'cpu')

    def _truth(self, image: InputBoxes) -> GroundTruth:
        return pad_ground_truth(
            [InstanceData(bboxes=image.boxes, labels=image.categories)],
            [InstanceData(bboxes=image.crowd)],
            img_metas=[dict(scale_factor=image.factor)],
            box_convention=self.head.box_convention)
