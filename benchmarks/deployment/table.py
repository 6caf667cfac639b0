"""The rows of ``deploy.py`` as a table for ``docs/deploy.md``."""
from collections.abc import Sequence

from harness.report import number

_NAMES = dict(mmdet='mmdet, PyTorch', PyTorch='fcos_mm, PyTorch', onnx='ONNX',
              openvino='OpenVINO', torchscript='TorchScript')


def markdown(rows: Sequence[dict]) -> list[str]:
    """The lines of the table; rows that the processor has no fast path for are marked."""
    with_ap = any('ap' in row for row in rows)
    header = ['format', 'precision', 'ms', 'mmdet / this', 'quartiles', 'MB',
              'same detections', *['AP'] * with_ap]
    lines = [header, ['---'] * len(header), *(_cells(row, with_ap) for row in rows)]
    text = [f'| {" | ".join(line)} |' for line in lines]
    if not all(row['fast'] for row in rows):
        text += ['', '\\* This processor has no instructions for this precision.']
    return text


def _cells(row: dict, with_ap: bool) -> list[str]:
    quartiles = '-'
    if row['ratio'] is not None:
        quartiles = f'{number(row["ratio_low"])} to {number(row["ratio_high"])}'
    cells = [_NAMES.get(row['format'], row['format']),
             row['precision'] + ('' if row['fast'] else ' \\*'),
             number(row['ms']), number(row['ratio']), quartiles, f'{row["megabytes"]:.1f}',
             f'{row["same"]} of {row["total"]}']
    return cells + [f'{row["ap"]:.3f}' if row.get('ap') is not None else '-'] * with_ap
