"""From two reports to a page with both side by side."""
import os.path as osp
from pathlib import Path

from fcos_mm.apis.reporting.collecting import KEPT, checksum
from fcos_mm.apis.reporting.predictions import read
from fcos_mm.datasets.coco_format import GROUND_TRUTH, read_coco
from fcos_mm.datasets.json_file import read_json
from fcos_mm.errors import UserError
from fcos_mm.report.comparison.build import build_comparison
from fcos_mm.report.comparison.side import Side
from fcos_mm.report.from_coco import results_from_coco
from fcos_mm.report.results import Results

_NEEDED = {'summary', 'classes', 'thresholds', 'confusion', 'groups', 'calibration', 'errors'}


def write_comparison(first: str, second: str, out: str | None = None) -> Path:
    """Write the page that compares two runs, and return where it is.

    Args:
        first: A work dir with a report, or a ``report.json``: run A.
        second: The same of run B.
        out: The page; None: ``compare.html`` beside the report of B.

    Raises:
        UserError: If a report is missing or cannot be read, if the reports are on different
            annotations, images or classes, or a file cannot be written.
    """
    files = [_report_file(given) for given in (first, second)]
    a, b = (_numbers(file) for file in files)
    check_comparable(files, a, b)
    path = Path(out) if out else files[1].with_name('compare.html')
    truth = _annotations(a, b)
    sides = [Side(letter, str(file), numbers, _results(file, numbers, truth) if truth else None)
             for letter, file, numbers in zip('AB', files, (a, b))]
    build_comparison(*sides, path, ' and '.join(_names(a, b)))
    return path


def check_comparable(files: list[Path], a: dict, b: dict) -> None:
    """Raise a UserError unless both reports are on the same annotations, images and classes."""
    before, after = a['summary'], b['summary']
    both = f'A: {files[0]}\nB: {files[1]}\n'
    if before['ann_checksum'] != after['ann_checksum']:
        same = before['ann_file'] == after['ann_file']
        raise UserError(
            f'The reports are on different annotations and cannot be compared.\n{both}'
            + (f'{after["ann_file"]} was changed between them: make both again.' if same else
               f'A is on {before["ann_file"]},\nB is on {after["ann_file"]}.\n'
               'Make both on the same split: fcos-mm report MODEL --split val|test.'))
    if before['images'] != after['images']:
        raise UserError(f'A is on {before["images"]} images and B on {after["images"]} of the same '
                        f'file.\n{both}Make both on all of them.')
    known = [set(numbers['confusion']['classes']) for numbers in (a, b)]
    if known[0] != known[1]:
        lost = sorted(known[0] ^ known[1])[0]
        raise UserError(f'The runs have different classes: only {"A" if lost in known[0] else "B"} '
                        f'has {lost!r}.\n{both}Compare runs with the same classes.')


def _report_file(given: str) -> Path:
    """The file of a report's numbers."""
    path = Path(given)
    if path.is_dir():
        found = [file for file in (path / 'report' / 'report.json', path / 'report.json')
                 if file.is_file()]
        if not found:
            raise UserError(f'{path} has no report.\nMake it first: fcos-mm report {path}')
        return found[0]
    file = path.with_suffix('.json') if path.suffix == '.html' else path
    if not file.exists():
        raise UserError(f'Report not found: {file}\nGive a work dir that has a report, or its '
                        'report.json.')
    return file


def _numbers(file: Path) -> dict:
    numbers = read_json(str(file), 'Report', 'Make it with fcos-mm report.')
    if not (isinstance(numbers, dict) and numbers.keys() >= _NEEDED
            and 'ann_checksum' in numbers['summary']):
        raise UserError(f'{file} holds no report that can be compared.\n'
                        'Make it again with fcos-mm report.')
    return numbers


def _annotations(a: dict, b: dict) -> dict | None:
    """The annotations of both; None, and a line that says so, if the file is gone or changed."""
    paths = [numbers['summary']['ann_file'] for numbers in (a, b)]
    for path in paths:
        if osp.isfile(path) and checksum(path) == a['summary']['ann_checksum']:
            return read_coco(path, GROUND_TRUTH)
    print(f'warning: no pictures are compared: {paths[1]} is gone or was changed')
    return None


def _results(file: Path, numbers: dict, truth: dict) -> Results | None:
    """What was found; None, and a line that says so, if it is not kept beside the report."""
    kept, summary = read(file.with_name(KEPT)), numbers['summary']
    if kept is not None:
        results = results_from_coco(truth, numbers['confusion']['classes'], kept[0].images,
                                    kept[0].found, {})
        if (len(results.images), len(results.found.scores)) == (
                summary['images'], summary['detections']):
            return results
    print(f'warning: no pictures are compared: {file.with_name(KEPT)} is not that of the report')
    return None


def _names(a: dict, b: dict) -> list[str]:
    """What the runs are called: by their work dirs, or by the checkpoints of the same one."""
    paths = [Path(numbers['summary']['checkpoint']).resolve() for numbers in (a, b)]
    names = [path.parent.name for path in paths]
    return names if names[0] != names[1] else [path.stem for path in paths]
