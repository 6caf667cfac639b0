"""What is wrong, with the first images of each kind."""
from typing import Any

from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.datasets.problems.problem import Case, Problem
from fcos_mm.pages.chapter import Chapter

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
        dict(title='', boxes=[dict(box=[*box], label=label, kind='truth')
                              for box, label in case.boxes])])
