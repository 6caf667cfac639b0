"""Measures a table or draws a figure and writes what came out."""
from collections.abc import Sequence

from fcos_mm.paper.annotation_tables import measure_annotations
from fcos_mm.paper.charts import write_chart
from fcos_mm.paper.experiments import TESTS
from fcos_mm.paper.files import write_json, write_text
from fcos_mm.paper.measures import detections_from_ambiguous, measure, memory_note
from fcos_mm.paper.pictures import PICTURES, draw
from fcos_mm.paper.report import Measured, as_json, as_markdown, as_text
from fcos_mm.paper.runs import Evaluation, Settings, Training
from fcos_mm.paper.tables import TABLES, Table


def write_table(name: str, settings: Settings, seeds: int) -> str:
    """Measure a table and write it as text, Markdown, JSON and a picture.

    Args:
        name: Key of ``TABLES``.
        settings: Of the command.
        seeds: How many seeds.

    Returns:
        The table as text.

    Raises:
        UserError: If annotations or results cannot be used.
    """
    table, notes = TABLES[name], []
    if table.measure in ('recall', 'ambiguity'):
        measured, notes = measure_annotations(table, settings)
        if table.measure == 'ambiguity':
            measured.update(_from_detections(table, settings, seeds))
    else:
        measured = {
            row.label: [measure(table.measure, evaluation)
                        for evaluation in evaluations(row.measured, settings, seeds)]
            for row in table.rows}
        if table.measure == 'samples_memory_boxes':
            notes = [memory_note(Training(settings, table.rows[0].measured, 0))]
    return _write(name, table, measured, settings, notes)


def _from_detections(table: Table, settings: Settings, seeds: int) -> Measured:
    """The rows of Table 2 that are about detections."""
    rows = [row for row in table.rows if row.measured.startswith('detections:')]
    return {
        row.label: [detections_from_ambiguous(evaluation)
                    for evaluation in evaluations(row.measured.split(':')[1], settings, seeds)]
        for row in rows}


def _write(name: str, table: Table, measured: Measured, settings: Settings,
           notes: Sequence[str]) -> str:
    settings.out.mkdir(parents=True, exist_ok=True)
    text = as_text(table, measured, notes)
    write_text(text + '\n', settings.out / f'{name}.txt')
    write_text(as_markdown(table, measured, notes) + '\n', settings.out / f'{name}.md')
    write_json(as_json(table, measured, notes), settings.out / f'{name}.json')
    write_chart(table, measured, str(settings.out / f'{name}.png'))
    return text


def write_figure(name: str, settings: Settings, image_id: int = None) -> str:
    """Draw a figure from the runs of the first seed, with its numbers as JSON beside it.

    Args:
        name: Key of ``PICTURES``.
        settings: Of the command.
        image_id: The picture of Fig. 3.

    Returns:
        What was drawn, and where it is.

    Raises:
        UserError: If a run that it needs is not finished.
    """
    numbers = draw(name, settings, 0, image_id)
    write_json(numbers, settings.out / f'{name}.json')
    return f'{PICTURES[name].title}: {settings.out / name}.png'


def evaluations(test: str, settings: Settings, seeds: int) -> Sequence[Evaluation]:
    """The runs of a test, one a seed; a single one where the weights are given.

    Args:
        test: Key of ``TESTS``.
        settings: Of the command.
        seeds: How many seeds.

    Raises:
        UserError: If the results of one were made with other settings or weights.
    """
    experiment = TESTS[test].experiment
    seeds = 1 if experiment in settings.weights else seeds
    found = [Evaluation(Training(settings, experiment, seed), test) for seed in range(seeds)]
    for evaluation in found:
        evaluation.check()
    return found
