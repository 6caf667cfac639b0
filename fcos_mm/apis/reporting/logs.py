"""What a training logged, joined over all its parts."""
import json
from collections.abc import Iterator
from pathlib import Path


def read_logs(work_dir: str | Path) -> list[dict[str, float]]:
    """The rows of all ``vis_data/scalars.json`` of a work dir, in the order of the steps.

    Each run has its own file. A run that resumes, or starts again, repeats steps of the one before:
    from its first step on the later run counts. Training and validation count their steps apart.
    """
    joined: list[dict] = []
    for file in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        rows = list(_rows(file))
        firsts = {is_validation(row): row['step'] for row in reversed(rows)}
        joined = [row for row in joined
                  if row['step'] < firsts.get(is_validation(row), float('inf'))] + rows
    return joined


def is_validation(row: dict) -> bool:
    """Whether a row is that of a validation; its step is an epoch where training is by epochs."""
    return 'iter' not in row


def _rows(file: Path) -> Iterator[dict]:
    """The rows of a file; of a killed run the last one may be cut off."""
    for line in file.read_text(encoding='utf-8', errors='replace').splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get('step'), (int, float)):
            yield row
