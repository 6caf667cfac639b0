"""Measure the rows of the paper's tables, from annotations and from the detections of runs."""
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from mmengine.config import Config
from pycocotools.coco import COCO

from fcos_mm.analysis.assignment_report import data_line
from fcos_mm.analysis.assignment_stats import anchor_recall, assignment_statistics
from fcos_mm.analysis.heads import num_samples
from fcos_mm.analysis.input_size import pad
from fcos_mm.analysis.overlapped import overlapped_subset
from fcos_mm.analysis.training_memory import training_memory
from fcos_mm.atomic_file import write_json
from fcos_mm.evaluation.coco_files import read_truth
from fcos_mm.evaluation.table_metrics import class_agnostic_numbers, coco_numbers, proposal_recall
from fcos_mm.paper.report import Measured, Numbers
from fcos_mm.paper.runs import Run, Settings, read_json, runs_of
from fcos_mm.paper.same_settings import write_config
from fcos_mm.paper.tables import ON_TOP, Row, Table

_GIGABYTE = 2**30


def measure_table(table: Table, settings: Settings) -> tuple[Measured, list[str]]:
    """Measure the rows of a table, as far as available; return the numbers and notes on them.

    Raises:
        UserError: If annotations or results cannot be used.
    """
    if table.measure in ('recall', 'ambiguity'):
        return _measure_annotations(table, settings)
    measure = MEASURES[table.measure]
    measured = {row.label: [measure(test) for test in runs_of(row.measured, settings)]
                for row in table.rows}
    has_memory = 'memory (GB)' in table.columns
    return measured, [memory_note(Run(settings, table.rows[0].measured))] if has_memory else []


def _measure_annotations(table: Table, settings: Settings) -> tuple[Measured, list[str]]:
    """Tables 1 and 2; the notes are the boxes that were counted and what is wrong with others.

    At full scale boxes are counted as by the codes behind the paper's tables.
    """
    options = dict(as_published=settings.scale == 'full')

    def inputs(experiment: str) -> tuple[Config, str]:
        cfg = Run(settings, experiment).config()
        return cfg, settings.ann_file or cfg.test_evaluator.ann_file

    statistics = {row.measured: assignment_statistics(*inputs(row.measured), **options)
                  for row in table.rows if ':' not in row.measured}
    by_rule = anchor_recall(*inputs('retinanet'), **options) if table.measure == 'recall' else {}

    def numbers(row: Row) -> list[Numbers]:
        kind, _, detail = row.measured.partition(':')
        if kind == 'detections':
            return [detections_from_ambiguous(test) for test in runs_of(detail, settings)]
        if table.measure == 'recall':
            return [{'BPR': by_rule[detail] if detail else statistics[kind]['bpr']}]
        return [{'ambiguous': statistics[kind]['ambiguous'],
                 'ambiguous, other class': statistics[kind]['ambiguous_other_class']}]

    about = statistics['fcos']
    notes = [data_line(about), *(f'warning: {text}' for text in about['warnings'])]
    return {row.label: numbers(row) for row in table.rows}, notes


_read = lru_cache(maxsize=4)(read_truth)


def truth_of(test: Run) -> COCO:
    """The annotations of a test, read once."""
    return _read(test.config().test_evaluator[0].ann_file)


def boxes(test: Run, image_ids: list[int] | None = None) -> Numbers:
    if test.finished is None:
        return {}
    return _percent(coco_numbers(truth_of(test), str(test.results), image_ids=image_ids))


def samples_memory_boxes(test: Run) -> Numbers:
    if test.ranking is not None:  # samples and memory of two trainings have no column
        return boxes(test)
    return {**_samples(test.training), **_memory(test.training), **boxes(test)}


def overlapped(test: Run) -> Numbers:
    if test.finished is None:
        return {}
    images = [image['id'] for image in overlapped_subset(truth_of(test).dataset).data['images']]
    return boxes(test, images) if images else {}


def class_agnostic(test: Run) -> Numbers:
    if test.finished is None:
        return {}
    found = class_agnostic_numbers(truth_of(test), str(test.results))
    return _percent(dict(AP=found.AP, AP50=found.AP50, AP75=found.AP75, AP90=found.AP90))


def proposals(test: Run) -> Numbers:
    """Recall of proposals, and AP of a Faster R-CNN on them."""
    numbers = _samples(test.training)
    if test.finished is not None:
        recall = proposal_recall(truth_of(test), str(test.results), limits=(10, 100, 1000))
        numbers.update(_percent({name.replace('@', '_'): v for name, v in recall.items()}))
    detector = ON_TOP.get(test.test)
    if detector is not None:
        on_top = test._replace(experiment=detector, test=detector)
        on_top.check()
        ap = boxes(on_top).get('AP')
        if ap is not None:
            numbers['Faster R-CNN AP'] = ap
    return numbers


#: From a test to the numbers of one seed by the names of the table's columns.
MEASURES: dict[str, Callable[[Run], Numbers]] = dict(
    boxes=boxes, samples_memory_boxes=samples_memory_boxes, overlapped=overlapped,
    class_agnostic=class_agnostic, proposals=proposals)


def detections_from_ambiguous(test: Run) -> Numbers:
    """Share of detections that come from ambiguous locations (text on Table 2)."""
    names = {'ambiguous': 'ambiguous_detections/ambiguous',
             'ambiguous, other class': 'ambiguous_detections/ambiguous_other_class'}
    found = test.finished or {}
    return {column: found[name] for column, name in names.items() if found.get(name) is not None}


def _samples(training: Run) -> Numbers:
    cfg = training.config()
    return {'samples (k)': num_samples(cfg, _input_size(cfg)) / 1000}


def memory_note(training: Run) -> str:
    known = read_json(_memory_folder(training) / 'memory.json')
    height, width = known['image_size']
    return (f"Memory: peak of one training step with {known['batch_size']} images of {height} x "
            f'{width}. The paper does not state its batch size: compare ratios only.')


def _memory_folder(training: Run) -> Path:
    return training.settings.out / 'memory' / training.experiment


def _memory(training: Run) -> Numbers:
    """Peak memory of one training step, measured once for each experiment."""
    folder = _memory_folder(training)
    cfg = training._replace(seed=0).config()
    write_config(cfg, folder / 'config.py')
    known = read_json(folder / 'memory.json')
    if not known or 'bytes' not in known:
        known = dict(batch_size=cfg.train_dataloader.batch_size, image_size=_input_size(cfg))
        known['bytes'] = training_memory(cfg, **known, classes=cfg.model.bbox_head.num_classes)
        write_json(known, folder / 'memory.json')
    return {'memory (GB)': known['bytes'] / _GIGABYTE}


def _input_size(cfg: Config) -> tuple[int, int]:
    """Height and width of the network's input: the scale of the test pipeline, padded."""
    scale = next(step.scale for step in cfg.test_dataloader.dataset.pipeline
                 if step.type == 'Resize')
    divisor = cfg.model.data_preprocessor.get('pad_size_divisor', 1)
    return pad((min(scale), max(scale)), divisor)


def _percent(numbers: Numbers) -> Numbers:
    return {name: 100 * value for name, value in numbers.items()}
