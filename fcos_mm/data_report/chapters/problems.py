"""What is wrong, with the first images of each kind."""
import contextlib
from collections.abc import Sequence
from typing import Any

from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.datasets.file_names import readable
from fcos_mm.datasets.image_header import image_size
from fcos_mm.datasets.problems.problem import Case, Problem
from fcos_mm.pages.chapter import Chapter

_MARK = 0.05  # side of a mark, as a share of the longer side of the image
_SHOWN = 2  # cases of a problem whose images are drawn


def problems(inputs: DataInputs) -> Chapter:
    """All problems, the worst first."""
    return Chapter('problems', 'Problems', dict(
        refusal=inputs.refusal, problems=[_problem(problem) for problem in inputs.problems]),
        'data_report/problems.html')


def _problem(problem: Problem) -> dict[str, Any]:
    level, _, meaning, remedy = problem.about
    shown = [case for case in problem.cases if case.path][:_SHOWN]
    return dict(
        kind=problem.kind, level=level, split=problem.split, title=problem.title,
        count=problem.count, total=problem.total, meaning=meaning, remedy=remedy,
        cases=[case.text for case in problem.cases], pictures=[
            picture for case in shown for picture in _pictures(case)])


def _pictures(case: Case) -> list[dict[str, Any]]:
    """The image of a case, and its twin if it has one."""
    return [_picture(each) for each in (case, case.twin) if each is not None]


def _picture(case: Case) -> dict[str, Any]:
    return dict(path=case.path, width=case.size[0], height=case.size[1], caption=case.text, panels=[
        dict(title='', boxes=[_drawn(box, label, _size(case)) for box, label in case.boxes])])


def _size(case: Case) -> Sequence[float]:
    """Width and height of the picture that is shown: of the file, if it can be read."""
    with contextlib.suppress(ValueError):
        return image_size(readable(case.path))
    return case.size


def _drawn(box: Sequence[float], label: str, size: Sequence[float]) -> dict[str, Any]:
    """A box, or a mark near its place where nothing of it could be seen."""
    spans = [sorted((box[axis], box[axis + 2])) for axis in (0, 1)]
    if all(min(end, side) - max(start, 0) >= 1 for (start, end), side in zip(spans, size)):
        corners, kind = [*zip(*spans)], 'truth'
    else:
        half = _MARK * max(size) / 2
        place = [min(max(sum(span) / 2, half), side - half) for span, side in zip(spans, size)]
        corners, kind = [[at - half for at in place], [at + half for at in place]], 'place'
        label = ''  # it would hide the mark
    return dict(box=[float(value) for corner in corners for value in corner], label=label,
                kind=kind)
