"""From a trained model to all that the chapters of its report are made of."""
import hashlib
import os.path as osp
from dataclasses import replace
from pathlib import Path

from mmengine.config import Config

from fcos_mm.apis.draw_grid import read_predictions
from fcos_mm.apis.reporting.facts import facts_of_run
from fcos_mm.apis.reporting.inference import made_by, predict
from fcos_mm.apis.reporting.logs import read_logs
from fcos_mm.apis.reporting.predictions import Predictions, collect, load, save
from fcos_mm.apis.reporting.split import Split, choose_split, count_splits
from fcos_mm.checkpoints.fit import read_state_dict
from fcos_mm.datasets.coco_format import GROUND_TRUTH, read_coco
from fcos_mm.errors import UserError
from fcos_mm.report.from_coco import results_from_coco
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.precision import coco_metrics

KEPT = 'predictions.npz'


def collect_inputs(cfg: Config, checkpoint: str, folder: Path, *, split: str | None = None,
                   predictions: str | None = None, again: bool = False) -> ReportInputs:
    """Collect what a report is made of; prints what takes long.

    Args:
        cfg: The config of the model.
        checkpoint: Its weights. The logs of its training are beside it.
        folder: Where the predictions are kept for another call.
        split: ``'val'``, ``'test'`` or None, see :func:`choose_split`.
        predictions: What ``test --out`` wrote, instead of an own inference.
        again: Whether to detect although the kept predictions are of this checkpoint.

    Raises:
        UserError: If the checkpoint, the data or the predictions cannot be used.
    """
    if not osp.isfile(checkpoint):
        raise UserError(f'There is no checkpoint {checkpoint}.\nA report needs its file on this '
                        'machine.')
    chosen = choose_split(cfg, split)
    print(f'split         {chosen.name}: {chosen.ann_file}')
    data = read_coco(chosen.ann_file, GROUND_TRUTH)
    names = {category['id']: category['name'] for category in data['categories']}
    if not any(names[row['category_id']] in chosen.classes for row in data['annotations']):
        raise UserError(f'{chosen.ann_file} has no box of a class of the model.\nA report needs '
                        'annotated images: annotate some, or give another split by --split.')
    order = {image['id']: place for place, image in enumerate(data['images'])}
    found = (collect(_checked(predictions), order) if predictions
             else _found(cfg, checkpoint, chosen, folder / KEPT, order, again))
    logs = read_logs(Path(checkpoint).parent)
    results = results_from_coco(data, chosen.classes, found.images, found.found, {})
    return ReportInputs(
        results=replace(results, metrics=coco_metrics(results)),
        split=chosen.name, ann_file=chosen.ann_file, checkpoint=checkpoint,
        ann_checksum=checksum(chosen.ann_file),
        config=cfg.pretty_text, logs=logs, run=facts_of_run(cfg, checkpoint, logs, found.seconds),
        data=count_splits(cfg, chosen.classes))


def checksum(path: str) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _found(cfg: Config, checkpoint: str, split: Split, kept: Path, order: dict,
           again: bool) -> Predictions:
    """The predictions that are kept, or new ones."""
    read_state_dict(checkpoint)
    origin = made_by(cfg, checkpoint, split)
    found = None if again else load(kept, origin)
    if found is not None:
        print(f'predictions   {kept}, made by this checkpoint; --again makes them again')
        return found
    found = predict(cfg, checkpoint, split, order)
    save(found, origin, kept)
    return found


def _checked(path: str) -> list[dict]:
    """What ``test --out`` wrote, with all that a report needs."""
    samples = read_predictions(path)
    bad = next((sample for sample in samples
                if not {'img_id', 'ori_shape'} <= sample.keys()), None)
    if bad is not None:
        raise UserError(f'{path}: {bad["img_path"]} has no id or no size (img_id, ori_shape).\n'
                        "Put both among meta_keys of PackDetInputs in the test pipeline.")
    return samples
