"""Draw the cost of assignment against boxes an image and against image size.

From the rows of ``bench.py assign --sweep --out F.json``; one plot for each
of the two, with time and extra memory side by side on logarithmic axes.
"""
import argparse
import sys
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of what it draws on)
from harness.report import read_json  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

#: The value on the horizontal axis of each plot, and its label.
PLOTS = {
    'boxes': ('boxes', 'boxes an image'),
    'size': ('locations', 'locations of an image (22,400 at 800x1333)'),
}
VALUES = (('ms', 'milliseconds'), ('mem_mb', 'extra memory, MB'))
COLORS = {'ours': 'tab:blue', 'mmdet': 'tab:orange', 'torchvision': 'tab:green'}
STYLES = {None: '-', 1.5: '--'}

Curves = dict[tuple[str, float | None], list[tuple[float, float]]]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='+', type=Path, metavar='F.json')
    parser.add_argument('--out', type=Path, metavar='FOLDER',
                        help='folder of the plots (default: beside the first file)')
    args = parser.parse_args(arguments)
    rows = read_json(args.files)
    folder = args.out or args.files[0].parent
    drawn = [draw(rows, axis, folder) for axis in PLOTS if any_with(rows, axis)]
    if not drawn:
        print('no rows to draw: make them with bench.py assign --sweep --out F.json',
              file=sys.stderr)
        return 2
    print('\n'.join(map(str, drawn)))
    return 0


def any_with(rows: list[dict], axis: str) -> list[dict]:
    """The rows that belong to one plot."""
    return [row for row in rows if row.get('axis') == axis]


def draw(rows: list[dict], axis: str, folder: Path) -> Path:
    """Draw one plot and return its file.

    Args:
        rows: rows of all files.
        axis: a key of PLOTS.
        folder: the folder of the plot.
    """
    rows = any_with(rows, axis)
    x, label = PLOTS[axis]
    figure, panels = plt.subplots(1, len(VALUES), figsize=(11, 4.2), layout='constrained')
    for panel, (value, name) in zip(panels, VALUES, strict=True):
        draw_panel(panel, curves(rows, x, value))
        panel.set(xlabel=label, ylabel=name, xscale='log', yscale='log')
        panel.grid(which='both', alpha=0.2)
    draw_proportional(panels[0], curves(rows, x, 'ms'))
    panels[0].legend(fontsize='small')
    facts = rows[0]['environment']
    figure.suptitle(f'assign, batch {rows[0]["images"]}, {facts["hardware"]}, '
                    f'torch {facts["torch"]}', fontsize='medium')
    path = folder / f'assign-{axis}.png'
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def curves(rows: list[dict], x: str, value: str) -> Curves:
    """Sorted points by (who, center sampling radius).

    Args:
        rows: rows of one plot.
        x: key of the horizontal axis.
        value: end of the keys of the vertical axis.
    """
    points = defaultdict(dict)
    for row in rows:
        for who, key in (('ours', f'ours_{value}'), (row['peer'], f'peer_{value}')):
            if who is not None and row[key] is not None:
                points[who, row['radius']][row[x]] = row[key]
    return {key: sorted(values.items()) for key, values in points.items()}


def draw_panel(panel: Axes, lines: Curves) -> None:
    """Draw the curves."""
    for (who, radius), points in lines.items():
        sampling = f'center sampling {radius:g}' if radius else 'no center sampling'
        panel.plot(*zip(*points, strict=True), STYLES.get(radius, ':'), marker='o', markersize=3,
                   color=COLORS.get(who), label=f'{who}, {sampling}')


def draw_proportional(panel: Axes, lines: Curves) -> None:
    """Draw how the last point of ours would be reached by growing in proportion."""
    ends = [points[-1] for (who, _), points in lines.items() if who == 'ours']
    if ends:
        x, y = min(ends)
        panel.plot([x / 10, x], [y / 10, y], color='gray', linewidth=0.8, label='proportional')


if __name__ == '__main__':
    sys.exit(main())
