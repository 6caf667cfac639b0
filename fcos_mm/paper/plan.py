"""Which trainings and tests a table or figure needs; those that several need are done once."""
import shlex
from collections.abc import Sequence

from fcos_mm.paper.experiments import EXPERIMENTS, TESTS, check_scale
from fcos_mm.paper.names import NAMES
from fcos_mm.paper.pictures import PICTURES
from fcos_mm.paper.queue import Work
from fcos_mm.paper.runs import Evaluation, Settings, Training
from fcos_mm.paper.tables import ON_TOP, TABLES

#: Tables that annotations alone can fill; a trained model adds a row to the second.
FROM_ANNOTATIONS = ('table1', 'table2')


def needed_tests(name: str) -> list[str]:
    """The tests that a table or figure is made from.

    Args:
        name: One of ``NAMES``.
    """
    if name in PICTURES:
        return list(PICTURES[name].tests)
    if name == 'table1':
        return []
    if name == 'table2':
        return ['fcos']
    tests = [row.measured for row in TABLES[name].rows]
    if name == 'table8':
        tests += list(ON_TOP.values())
    return tests


def names_at(scale: str) -> tuple[str, ...]:
    """The tables and figures whose experiments exist at a scale.

    Args:
        scale: Name of the scale.
    """
    return tuple(
        name for name in NAMES
        if all(scale in EXPERIMENTS[TESTS[test].experiment].scales for test in needed_tests(name)))


def plan(names: Sequence[str], settings: Settings, seeds: int) -> list[Work]:
    """List the work for tables and figures, seed after seed; given weights are tested once.

    Args:
        names: Of ``NAMES``.
        settings: Of the command.
        seeds: How many seeds.

    Raises:
        UserError: If an experiment does not exist at this scale.
    """
    by_experiment: dict[str, list[str]] = {}
    for name in names:
        for test in needed_tests(name):
            tests = by_experiment.setdefault(TESTS[test].experiment, [])
            if test not in tests:
                tests.append(test)
    works = []
    for seed in range(seeds):
        for experiment, tests in by_experiment.items():
            if seed and experiment in settings.weights:
                continue
            check_scale(experiment, settings.scale)
            training = Training(settings, experiment, seed)
            works.append(Work(training, [Evaluation(training, test) for test in tests]))
    return works


def commands(works: Sequence[Work]) -> list[str]:
    """The command lines of what is not finished; their configs are written.

    Args:
        works: The work.

    Raises:
        UserError: If a folder holds a run with other settings.
    """
    lines = []
    for work in works:
        training = work.training
        newest = f'"$(cat {shlex.quote(str(training.folder / "last_checkpoint"))})"'
        for run in work.runs:
            run.prepare()
            words = [shlex.quote(word) for word in run.command()]
            if run is not training and training.is_left:  # not known before it is trained
                words[2] = newest
            lines.append(f'python {" ".join(words)}')
    return lines
