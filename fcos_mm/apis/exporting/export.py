"""Writing a trained detector to a file that runs without torch: what ``fcos-mm export`` does."""
import argparse
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fcos_mm.apis.console import ended_by_signals, library_output_to_log
from fcos_mm.apis.detection.thresholds import choose_thresholds
from fcos_mm.apis.exporting.pictures import Pictures, batches_of
from fcos_mm.apis.inferencer import build_inferencer, find_category_ids
from fcos_mm.apis.published.weights import results_folder
from fcos_mm.apis.trained_model import TrainedModel, find_model
from fcos_mm.atomic_file import scratch_folder
from fcos_mm.checkpoints.safe_loading import read_checkpoint, trust_checkpoints
from fcos_mm.errors import UserError
from fcos_mm.export.formats import Format, format_of
from fcos_mm.export.info import model_info, padded_scale, preprocessing
from fcos_mm.export.network import ExportNetwork
from fcos_mm.export.verify import Comparison, other_sizes, verify
from fcos_mm.runtime.info import ModelInfo

_COMPARED = 4  # pictures
_FOR_CALIBRATION = 300  # pictures


@dataclass(frozen=True, kw_only=True)
class Export:
    """A network, its metadata, and where they go.

    Attributes:
        kind: The format.
        network: The network.
        info: Its metadata.
        pictures: To compare on and to calibrate on.
        path: The file.
    """
    kind: Format
    network: ExportNetwork
    info: ModelInfo
    pictures: Pictures
    path: Path

    def write(self) -> Comparison:
        """Write the file, compare it with the network, and only then give it its name.

        Raises:
            UserError: If it cannot be written, or differs too much; no file is left then.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with scratch_folder(self.path) as folder:
                unfinished = folder / self.path.name
                self.kind.write(self.network, unfinished, info=self.info,
                                calibration=self._calibration)
                comparison = verify(self.network, unfinished, self._inputs(), info=self.info)
                if self.kind.others:  # never the old file beside new ones of its others
                    self.path.unlink(missing_ok=True)
                for ending in (*self.kind.others, self.kind.ending):
                    os.replace(unfinished.with_suffix(ending), self.path.with_suffix(ending))
        except OSError as error:
            raise UserError(f'{self.path} cannot be written: {error.strerror or error}.\n'
                            'Name another file: --out FILE.') from error
        return comparison

    def _calibration(self) -> Iterator[dict[str, np.ndarray]]:
        return batches_of(self.pictures.some(_FOR_CALIBRATION), self.info)

    def _inputs(self) -> Iterator[dict[str, np.ndarray]]:
        yield from batches_of(self.pictures.some(_COMPARED), self.info)
        if not all(self.info.shape):
            first = next(batches_of(self.pictures.some(1), self.info))
            yield from other_sizes(first, self.info)


@ended_by_signals()
def run(args: argparse.Namespace) -> None:
    """Export a detector, compare the file with it, and say what was written.

    Raises:
        UserError: If the model cannot be exported, or the file differs from it.
    """
    kind = format_of(args.format)
    mode = args.mode or kind.default_mode
    kind.check(args.format, mode, args.precision)
    kind.import_packages(args.format)
    if args.dynamic and (args.size or args.batch):
        raise UserError('--dynamic takes images of any size in batches of any number: leave out '
                        '--size and --batch.')
    trust_checkpoints(args.trust_checkpoint)
    found = find_model(args.model, args.weights, args.cfg_options)
    path = _path(args, found, kind, mode)
    export = _prepared(args, found, kind, mode, path)
    print(f'model    {found.note}\nexport   {args.format}, mode {mode}, {args.precision}, '
          f'{_shape_text(export.info.shape)}\ncompare  on {export.pictures.note}', flush=True)
    comparison = export.write()
    print('\n'.join(comparison.lines()))
    if not comparison.detections:
        print('warning  the model finds nothing in these pictures, so nothing was compared; give '
              'others: --images')
    print(_summary(export))


def _prepared(args: argparse.Namespace, found: TrainedModel, kind: Format, mode: str,
              path: Path) -> Export:
    checkpoint = read_checkpoint(found.checkpoint)
    meta = checkpoint.get('meta', {}) if isinstance(checkpoint, dict) else {}
    with library_output_to_log():
        inferencer = build_inferencer(found.cfg, found.checkpoint, 'cpu', fast=False)
        network = ExportNetwork(inferencer.model, mode)
    names = tuple(inferencer.model.dataset_meta['classes'])
    ids = find_category_ids(inferencer.cfg, names)
    thresholds = choose_thresholds('auto', meta, names)
    info = model_info(
        found.cfg, network, classes={name: ids[name] for name in names},
        thresholds=thresholds.by_class, threshold_note=thresholds.note,
        precision=args.precision, shape=_shape(args, found))
    return Export(kind=kind, network=network, info=info, path=path,
                  pictures=Pictures(args.images, found.cfg, first=(
                      'training' if args.precision == 'int8' else 'validation')))


def _shape(args: argparse.Namespace, found: TrainedModel) -> tuple[int, int, int]:
    """(batch, height, width), multiples of the divisor; 0 where dynamic."""
    if args.dynamic:
        return 0, 0, 0
    rule = preprocessing(found.cfg)
    if args.size is None:
        return (args.batch or 1, *padded_scale(rule))
    match = re.fullmatch(r'(\d+)x(\d+)', args.size)
    if not match or not all(map(int, match.groups())):
        raise UserError(f'--size {args.size}: give WIDTHxHEIGHT in pixels, such as 640x480.')
    width, height = (rule.padded(int(side)) for side in match.groups())
    return args.batch or 1, height, width


def _path(args: argparse.Namespace, found: TrainedModel, kind: Format, mode: str) -> Path:
    """``--out``, or beside the checkpoint by the name of the config and what is not default."""
    if args.out is not None:
        path = Path(args.out)
        if path.is_dir():
            raise UserError(f'--out {path} is a folder.\nName a file in it: '
                            f'{path / ("model" + kind.ending)}.')
        if path.suffix != kind.ending:
            raise UserError(f'--out {path}: the name of this format ends with {kind.ending}.\n'
                            f'{kind.advice(path)}')
        return path
    folder = results_folder(found.checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    own = sorted(folder.glob('*.py'))
    name = own[0].stem if len(own) == 1 else Path(found.cfg.filename or found.checkpoint).stem
    special = [mode] * (mode != kind.default_mode) + [args.precision] * (args.precision != 'fp32')
    return folder / ('_'.join([name, *special, *['dynamic'] * args.dynamic]) + kind.ending)


def _shape_text(shape: tuple[int, int, int]) -> str:
    batch, height, width = shape
    return f'batch {batch} of {width}x{height} pixels' if all(shape) else 'any size, any batch'


def _summary(export: Export) -> str:
    """What was written, and what to do with it."""
    path, network = export.path, export.network
    files = [path.with_suffix(ending) for ending in (export.kind.ending, *export.kind.others)]
    size = sum(os.path.getsize(file) for file in files) / 1e6
    outputs = ', '.join(network.output_names[:6]) + ', ...' * (len(network.output_names) > 6)
    lines = [f'written  {" and ".join(map(str, files))} ({size:.1f} MB)',
             f'inputs   {", ".join(network.input_names)}', f'outputs  {outputs}']
    if network.mode != 'raw':
        lines += [f'next     fcos-mm detect pictures --model {path}',
                  f"         fcos_mm.runtime.Detector('{path}')('picture.jpg')"]
    return '\n'.join(lines)
