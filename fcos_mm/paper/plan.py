"""The trainings and tests that tables and figures need; shared ones are done once."""
import shlex
from collections.abc import Sequence

from fcos_mm.paper.experiments import EXPERIMENTS, TESTS, check_scale
from fcos_mm.paper.figures import FIGURES
from fcos_mm.paper.runs import Run, Settings
from fcos_mm.paper.tables import NAMES, ON_TOP, TABLES

#: Tables that need annotations only; a trained model adds a row to the second.
FROM_ANNOTATIONS = ('table1', 'table2')


def needed_tests(name: str) -> list[str]:
    if name in FIGURES:
        return list(FIGURES[name].tests)
    if name in FROM_ANNOTATIONS:
        return ['fcos'] if name == 'table2' else []
    tests = [row.measured for row in TABLES[name].rows]
    return tests + list(ON_TOP.values()) if name == 'table8' else tests


def names_at(scale: str) -> tuple[str, ...]:
    """The tables and figures whose experiments exist at a scale."""
    return tuple(
        name for name in NAMES
        if all(scale in EXPERIMENTS[experiment].scales for test in needed_tests(name)
               for experiment in _experiments_of(test)))


def plan(names: Sequence[str], settings: Settings) -> list[list[Run]]:
    """List trainings, each with its tests, seed by seed; given weights are tested once.

    Tests that need two trainings are works of their own, at the end.

    Raises:
        UserError: If an experiment does not exist at this scale.
    """
    tests = dict.fromkeys(test for name in names for test in needed_tests(name))
    experiments = dict.fromkeys(
        experiment for test in tests for experiment in _experiments_of(test))
    works, ranked = [], []
    for seed in range(settings.seeds):
        for experiment in experiments:
            if seed and experiment in settings.weights:
                continue
            check_scale(experiment, settings.scale)
            training = Run(settings, experiment, seed)
            own = [training._replace(test=test) for test in tests
                   if TESTS[test].experiment == experiment]
            works.append([training] + [test for test in own if test.ranking is None])
            ranked += [[test] for test in own if test.ranking is not None]
    return works + ranked


def _experiments_of(test: str) -> list[str]:
    """The trainings whose weights a test takes."""
    experiment, _, ranking = TESTS[test]
    return [experiment, ranking] if ranking else [experiment]


def commands(works: Sequence[Sequence[Run]]) -> list[str]:
    """Write the configs of what is left of a plan and return its command lines.

    Raises:
        UserError: If a folder holds a run with other settings.
    """
    lines = []
    for run in (run for work in works for run in work if run.is_left):
        run.prepare()
        words = [shlex.quote(word) for word in run.command()]
        if run.test and run.training.is_left:  # the checkpoint is unknown before it is trained
            words[2] = _newest(run.training)
        if run.ranking is not None and run.ranking.is_left:
            words += ['--cfg-options', f'model.ranking.checkpoint={_newest(run.ranking)}']
        lines.append(f'python {" ".join(words)}')
    return lines


def _newest(training: Run) -> str:
    """Words of a shell for the last checkpoint of a training."""
    return f'"$(cat {shlex.quote(str(training.folder / "last_checkpoint"))})"'
