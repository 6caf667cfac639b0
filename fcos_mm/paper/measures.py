"""How the rows of the trained tables are measured, from the detections in the runs' folders."""
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from mmengine.config import Config
from pycocotools.coco import COCO

from fcos_mm.analysis.overlapped import overlapping_images
from fcos_mm.analysis.training_memory import num_samples, training_memory
from fcos_mm.evaluation.coco_files import read_truth
from fcos_mm.evaluation.table_metrics import (
    class_agnostic_numbers,
    coco_numbers,
    proposal_recall,
)
from fcos_mm.paper.files import read_json, write_json
from fcos_mm.paper.runs import Evaluation, Training
from fcos_mm.paper.same_settings import write_config
from fcos_mm.paper.tables import ON_TOP

Figures = dict[str, float]
_GIGABYTE = 2**30


def measure(kind: str, evaluation: Evaluation) -> Figures:
    """Measure a row of a table, from one seed.

    Args:
        kind: Key of ``MEASURES``.
        evaluation: The test whose detections are measured.

    Returns:
        The figures by the names of the table's columns, in percent unless the
        column says otherwise; those that cannot be had yet are not there.
    """
    return MEASURES[kind](evaluation)


def truth_of(cfg: Config) -> COCO:
    """The annotations that a config is tested on, read once.

    Args:
        cfg: The config of a test.
    """
    evaluator = cfg.test_evaluator
    evaluator = evaluator[0] if isinstance(evaluator, list) else evaluator
    return _read(evaluator.ann_file)


@lru_cache(maxsize=4)
def _read(path: str) -> COCO:
    return read_truth(path)


def boxes(evaluation: Evaluation) -> Figures:
    """COCO's numbers."""
    if evaluation.finished is None:
        return {}
    return _percent(coco_numbers(truth_of(evaluation.config()), str(evaluation.results)))


def samples_memory_boxes(evaluation: Evaluation) -> Figures:
    """COCO's numbers, training samples of a picture and memory of a training step."""
    return {**_samples(evaluation.training), **_memory(evaluation.training), **boxes(evaluation)}


def overlapped(evaluation: Evaluation) -> Figures:
    """AP on the pictures that hold overlapping boxes."""
    if evaluation.finished is None:
        return {}
    truth = truth_of(evaluation.config())
    images = overlapping_images(truth.dataset)
    if not images:
        return {}
    return _percent(coco_numbers(truth, str(evaluation.results), image_ids=images))


def class_agnostic(evaluation: Evaluation) -> Figures:
    """AP when categories do not matter."""
    if evaluation.finished is None:
        return {}
    found = class_agnostic_numbers(truth_of(evaluation.config()), str(evaluation.results))
    return _percent(dict(AP=found.AP, AP50=found.AP50, AP75=found.AP75, AP90=found.AP90))


def proposals(evaluation: Evaluation) -> Figures:
    """Recall of proposals, and what a Faster R-CNN makes of them."""
    figures = _samples(evaluation.training)
    if evaluation.finished is not None:
        truth = truth_of(evaluation.config())
        recall = proposal_recall(truth, str(evaluation.results), limits=(10, 100, 1000))
        figures.update(_percent({name.replace('@', '_'): v for name, v in recall.items()}))
    detector = ON_TOP.get(evaluation.name)
    if detector is not None:
        training = evaluation.training._replace(experiment=detector)
        on_top = Evaluation(training, detector)
        on_top.check()
        ap = boxes(on_top).get('AP')
        if ap is not None:
            figures['Faster R-CNN AP'] = ap
    return figures


MEASURES: dict[str, Callable[[Evaluation], Figures]] = dict(
    boxes=boxes, samples_memory_boxes=samples_memory_boxes, overlapped=overlapped,
    class_agnostic=class_agnostic, proposals=proposals)


def detections_from_ambiguous(evaluation: Evaluation) -> Figures:
    """Share of detections that come from ambiguous locations (Table 2's text).

    Args:
        evaluation: The test of a model that says where its detections come from.
    """
    found: dict = evaluation.finished or {}
    names = {'ambiguous': 'ambiguous', 'ambiguous, other class': 'ambiguous_other_class'}
    figures = {column: found.get(f'ambiguous_detections/{name}') for column, name in names.items()}
    return {column: figure for column, figure in figures.items() if figure is not None}


def _samples(training: Training) -> Figures:
    cfg = training.config()
    return {'samples (k)': num_samples(cfg, _input_size(cfg)) / 1000}


def memory_note(training: Training) -> str:
    """Say of what step the memory is, once it is measured.

    Args:
        training: One of those whose memory stands in the table.
    """
    known = read_json(_memory_folder(training) / 'memory.json')
    height, width = known['image_size']
    return (f"memory: one training step of {known['batch_size']} pictures of {height} x {width}; "
            'the paper does not say of how many its own is, so compare the ratios of the rows')


def _memory_folder(training: Training) -> Path:
    return training.settings.out / 'memory' / training.experiment


def _memory(training: Training) -> Figures:
    """Peak memory of one training step, measured once for each experiment."""
    folder = _memory_folder(training)
    cfg = training._replace(seed=0).config()
    write_config(cfg, folder / 'config.py')
    known = read_json(folder / 'memory.json')
    if not known or 'bytes' not in known:
        size, batch = _input_size(cfg), cfg.train_dataloader.batch_size
        classes = cfg.model.bbox_head.num_classes
        known = dict(batch_size=batch, image_size=size, bytes=training_memory(
            cfg, batch_size=batch, image_size=size, classes=classes))
        write_json(known, folder / 'memory.json')
    return {'memory (GB)': known['bytes'] / _GIGABYTE}


def _input_size(cfg: Config) -> tuple:
    """Height and width of the network's input: the scale of the test pipeline, padded."""
    dataset = cfg.test_dataloader.dataset
    scale = next(step.scale for step in dataset.pipeline if step.type == 'Resize')
    longer, shorter = max(scale), min(scale)
    divisor = cfg.model.data_preprocessor.get('pad_size_divisor', 1)
    return tuple(-(-side // divisor) * divisor for side in (shorter, longer))


def _percent(figures: Figures) -> Figures:
    return {name: 100 * value for name, value in figures.items()}
