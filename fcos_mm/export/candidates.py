"""The pairs of location and class that may become detections, in tensors of fixed size."""
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from fcos_mm.export.levels import DecodedLevel
from fcos_mm.models.postprocess import FCOSPostProcessor


class FixedCandidates(NamedTuple):
    """K pairs of each image, level after level, those of a level best first.

    Attributes:
        boxes: (B, K, 4) in pixels of the input.
        scores: (B, K) final scores; 0 in rows that are no candidates.
        labels: (B, K) int64.
    """
    boxes: Tensor
    scores: Tensor
    labels: Tensor


@dataclass(frozen=True, kw_only=True)
class CandidateRule:
    """Which pairs are candidates, as ``FCOSPostProcessor`` selects them.

    Attributes:
        postprocess: Its options.
        score_thr: Of ``test_cfg``.
        nms_pre: Candidates of a level at most; no limit if not positive.
    """
    postprocess: FCOSPostProcessor
    score_thr: float
    nms_pre: int

    def scores(self, level: DecodedLevel) -> tuple[Tensor, Tensor]:
        """The final scores (B, n, C) and what pairs are ranked by, 0 where none is a candidate."""
        scores = level.class_scores
        if level.quality is not None:
            scores = scores * level.quality[..., None]
            scores = scores.sqrt() if self.postprocess.score == 'sqrt' else scores
        tested = (level.class_scores if self.postprocess.threshold_on == 'class_score' else scores)
        ranking = level.class_scores if self.postprocess.rank_by == 'class_score' else scores
        return scores, torch.where(tested > self.score_thr, ranking, 0.)

    def dense(self, level: DecodedLevel) -> Tensor:
        """The scores (B, n, C), 0 where a pair is no candidate."""
        scores, ranking = self.scores(level)
        if self.postprocess.rank_by == 'class_score' and self.nms_pre > 0:
            best = torch.zeros_like(ranking.flatten(1))
            _, index = _best(ranking.flatten(1), self.nms_pre)
            best = best.scatter(1, index, torch.ones_like(index, dtype=best.dtype))
            ranking = ranking * best.view_as(ranking)
        return torch.where(ranking > 0, scores, 0.)

    def best(self, level: DecodedLevel) -> FixedCandidates:
        """The best ``nms_pre`` pairs."""
        scores, ranking = (values.flatten(1) for values in self.scores(level))  # (B, n * C)
        classes = level.class_scores.shape[2]
        limit = self.nms_pre if self.nms_pre > 0 else ranking.shape[1]
        ranking, index = _best(ranking, limit)
        location = index // classes
        boxes = level.boxes.gather(1, location[..., None].expand(-1, -1, 4))
        scores = torch.where(ranking > 0, scores.gather(1, index), 0.)
        return FixedCandidates(boxes, scores, index - location * classes)

    def of_all(self, levels: list[DecodedLevel]) -> FixedCandidates:
        """The best of every level."""
        return FixedCandidates(*(torch.cat(parts, dim=1)
                                 for parts in zip(*map(self.best, levels))))


def _best(ranking: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Values and indices (B, K) of the largest of (B, M), of equal ones the first first.

    K is ``limit``, or M where that is known and smaller. Where M is not known the last indices
    may repeat, with the value -1.
    """
    count = ranking.shape[1]
    if isinstance(count, int):
        return ranking.topk(min(limit, count), dim=1)
    best, index = F.pad(ranking, (0, limit), value=-1.).topk(limit, dim=1)
    return best, torch.minimum(index, torch.ones_like(index) * (count - 1))
