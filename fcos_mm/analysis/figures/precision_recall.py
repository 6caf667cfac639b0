"""Figs. 4 to 6: class-agnostic precision-recall curves."""
import numpy as np
from matplotlib.figure import Figure

from fcos_mm.analysis.figures.style import COLORS, FONT, LINE_STYLES, TITLE_FONT, dress, save

#: COCO's recall thresholds, at which precision is given.
RECALLS = np.linspace(0, 1, 101)


def draw_precision_recall(curves: dict[str, np.ndarray], out_file: str, *, iou: float,
                          ap: dict[str, float]) -> Figure:
    """Draw the precision-recall curves of several detectors and write the figure.

    Args:
        curves: For each detector the precision (101,) at recall 0, 0.01, ..., 1, as
            :func:`class_agnostic_numbers` returns it; -1 or nan without ground truth.
        out_file: The file to write.
        iou: Minimum IoU of a correct detection.
        ap: For each detector its average precision at this IoU, from 0 to 1; -1 or nan without
            ground truth.

    Raises:
        ValueError: If a curve does not have 101 values or has no AP.
        UserError: If the file cannot be written.
    """
    if curves.keys() != ap.keys():
        raise ValueError(f'curves of {sorted(curves)}, but AP of {sorted(ap)}')
    figure = Figure(figsize=(4.6, 5), layout='compressed')
    axes = figure.subplots()
    for index, (name, precision) in enumerate(curves.items()):
        label = f'AP {100 * ap[name]:.1f}' if ap[name] >= 0 else 'no ground truth'
        axes.plot(*_reached(name, np.asarray(precision)), color=COLORS[index % len(COLORS)],
                  linestyle=LINE_STYLES[index % len(LINE_STYLES)], linewidth=1.8, clip_on=False,
                  label=f'{name}, {label}')
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect='equal')
    axes.set_xlabel('recall', fontsize=FONT)
    axes.set_ylabel('precision', fontsize=FONT)
    axes.set_title(f'Class-agnostic, IoU = {iou:.2f}', fontsize=TITLE_FONT)
    dress(axes)
    figure.legend(fontsize=FONT, loc='outside lower center', frameon=False)
    save(figure, out_file)
    return figure


def _reached(name: str, precision: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recalls and precisions up to the first recall that is not reached."""
    if precision.shape != RECALLS.shape:
        raise ValueError(f'{name}: expected precision of shape {RECALLS.shape}, '
                         f'got {precision.shape}')
    known = precision >= 0
    recalls, precision = RECALLS[known], precision[known]
    end = np.count_nonzero(precision) + 1  # precision falls with recall; 0 is never reached
    return recalls[:end], precision[:end]
