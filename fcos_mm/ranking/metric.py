"""``CenternessMetric``: how far predicted center-ness is from that of the ground truth."""
from collections.abc import Sequence

from mmengine.evaluator import BaseMetric

from fcos_mm.registry import METRICS


@METRICS.register_module()
class CenternessMetric(BaseMetric):
    """The error of a :class:`CenternessNetwork` at the positive locations of all images.

    Args:
        collect_device: mmengine's.
        prefix: Of the names in the log.
    """

    default_prefix = 'centerness'

    def __init__(self, *, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Take what :meth:`CenternessHead.predict` returned for a batch."""
        for sample in data_samples:
            found = sample['pred_instances']
            error = (found['centerness'] - found['target']).abs()
            self.results.append((float(error.sum()), len(error)))

    def compute_metrics(self, results: list[tuple[float, int]]) -> dict[str, float]:
        """Return ``mean_absolute_error``, 0 to 1, and the number of ``locations``."""
        locations = sum(number for _, number in results)
        error = sum(error for error, _ in results) / max(1, locations)
        return dict(mean_absolute_error=error, locations=locations)
