"""Time one model in every format and precision, in turns, from a picture to its detections.

Rows are mmdet's FCOS in PyTorch, ours in PyTorch as shipped, and the files that
`fcos-mm export` writes for ONNX, OpenVINO and TorchScript. All look at the same
picture (RGB pixels in memory) and return detections in its pixels: resizing,
normalisation and NMS are included. mmdet's detections must be ours, and those of
an fp32 file must be PyTorch's: scores within 1e-4, sides within 0.05 pixels. With
fewer bits the number of common detections is reported.

    python benchmarks/deploy.py                                  # R-50, 800 x 1333, random weights
    python benchmarks/deploy.py work_dirs/mine --data            # a model of yours, with AP
    python benchmarks/deploy.py --quick                          # a small picture, three rounds
"""
import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench import positive

PRECISIONS = ('fp32', 'fp16', 'bf16', 'int8')
SIZE = (800, 1333)  # height, width
FULL_SCORE, FULL_BOX = 1e-4, 0.05


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status: 1 if fp32 files answer otherwise."""
    args = parse_arguments(arguments)
    import torch
    torch.set_num_threads(args.threads or torch.get_num_threads())
    from deployment import subject
    from deployment.table import markdown
    from harness.environment import describe, environment
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(args.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        model = (subject.given(args.model) if args.model else
                 subject.random_r50(folder, subject.QUICK_SIZE if args.quick else SIZE))
        facts = {**environment('cpu'), **processor(), 'model': model.name}
        print(f'{describe(facts)}\n{model.name}', flush=True)
        rows = measured(model, folder, args)
        write(rows, facts, args.out)  # before what takes long
        if args.data:
            add_precisions(rows)
            write(rows, facts, args.out)
    print('\n'.join(markdown(rows)))
    return int(any(row['differs'] for row in rows))


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', nargs='*', help='a work dir or checkpoint, or a config and a '
                        'checkpoint (default: R-50 with random weights)')
    parser.add_argument('--data', action='store_true',
                        help="also the AP of each row on MODEL's test data")
    parser.add_argument('--images', nargs='+', metavar='PATH', help='pictures to calibrate int8 on '
                        "(default: those of MODEL's data; noise for the default model)")
    parser.add_argument('--formats', type=words_of, default=['onnx', 'openvino', 'torchscript'],
                        metavar='NAMES', help='comma-separated (default: all)')
    parser.add_argument('--precisions', type=words_of, default=list(PRECISIONS), metavar='NAMES',
                        help='comma-separated (default: all)')
    parser.add_argument('--mode', choices=('decoded', 'nms'), help='of the files')
    parser.add_argument('--dynamic', action='store_true', help='files that take any size')
    parser.add_argument('--rounds', type=positive, default=21, help='maximum timed rounds')
    parser.add_argument('--seconds', type=float, default=600,
                        help='no new round after this time, except the first three')
    parser.add_argument('--threads', type=positive, help="of every runtime (default: torch's own)")
    parser.add_argument('--quick', action='store_true', help='three rounds; a small picture')
    parser.add_argument('--keep', metavar='FOLDER', help='keep the exported files there')
    parser.add_argument('--out', type=Path, metavar='F.json', help='also write the rows here')
    args = parser.parse_args(arguments)
    if len(args.model) > 2 or args.data and not args.model:
        parser.error('give one MODEL (--data needs one), or CONFIG CHECKPOINT')
    args.rounds = min(args.rounds, 3) if args.quick else args.rounds
    return args


def words_of(text: str) -> list[str]:
    """The words between commas."""
    return [word for word in text.split(',') if word]


def processor() -> dict:
    """What the processor has for low precision."""
    from fcos_mm.compat.cpu_features import cpu_features
    return dict(cpu_features=sorted(cpu_features().flags))


def measured(model, folder: Path, args: argparse.Namespace) -> list[dict]:
    """Prepare every variant, compare its detections, time all in turns; a row for each."""
    import torch
    from deployment.variants import MMDET, PYTORCH, Setting, Variant, variants
    from harness.turns import time_in_turns
    setting = Setting(subject=model, folder=folder, mode=args.mode, dynamic=args.dynamic,
                      images=args.images,
                      threads=torch.get_num_threads())
    ready = prepared(setting, variants(args.formats, args.precisions))
    say('detections')
    rows = compared({variant: one.run() for variant, one in ready.items()},
                    Variant(PYTORCH, 'fp32'))
    say('time')
    times = time_in_turns({variant: one.run for variant, one in ready.items()},
                          rounds=args.rounds, seconds=args.seconds, device='cpu')
    for variant, row in rows.items():
        row.update(timed(times[variant], times.get(Variant(MMDET, 'fp32'))),
                   megabytes=ready[variant].bytes / 1e6, words=ready[variant].words)
    return list(rows.values())


def prepared(setting, chosen: list) -> dict:
    """What can be run here, by variant; the reason for the others goes to the screen."""
    from fcos_mm.errors import UserError
    found = {}
    for variant in chosen:
        say(f'{variant}: preparing')
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found[variant] = setting.ready(variant)
                found[variant].run()
        except (UserError, ImportError, RuntimeError, AttributeError, KeyError) as error:
            found.pop(variant, None)
            say(f'{variant}: not available: {type(error).__name__}: {error}')
    return found


def compared(answers: Mapping, reference) -> dict[object, dict]:
    """The rows, with how much of the reference's detections each variant has."""
    from deployment.answers import in_common
    rows = {}
    for variant, answer in answers.items():
        common = in_common(answer, answers[reference])
        equal = (common.same == common.total == len(answer.scores)
                 and common.score <= FULL_SCORE and common.box <= FULL_BOX)
        differs = variant.precision == 'fp32' and not equal
        if differs:
            say(f'{variant}: DIFFERENT: {common}')
        rows[variant] = dict(format=variant.format, precision=variant.precision,
                             fast=variant.fast, differs=differs, **common._asdict())
    return rows


def timed(ours: list[float], peer: list[float] | None) -> dict:
    """Milliseconds, and mmdet's time over this."""
    from harness.measure import compared as columns
    found = columns(ours, peer)
    return dict(ms=found['ours_ms'], best_ms=found['ours_best_ms'], rounds=found['rounds'],
                ratio=found['ratio'], ratio_low=found['ratio_low'],
                ratio_high=found['ratio_high'])


def write(rows: list[dict], facts: dict, path: Path | None) -> None:
    """Write the rows as JSON, each with its environment."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(
            [dict({key: value for key, value in row.items() if key != 'words'}, environment=facts)
             for row in rows], indent=1) + '\n')


def add_precisions(rows: list[dict]) -> None:
    """Add the AP of each row, by ``fcos-mm test`` in a process of its own."""
    for row in rows:
        row['ap'] = None
        if row['words'] is not None:
            say(f'{row["format"]} {row["precision"]}: AP')
            row['ap'] = tested(row['words'])


def tested(words: list[str]) -> float | None:
    """The AP that ``fcos-mm test`` finds; None, and its error on the screen, if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            [sys.executable, '-m', 'fcos_mm', 'test', *words, '--work-dir', folder],
            capture_output=True, text=True)
        if ended.returncode:  # the other rows count
            say(f'no AP, exit status {ended.returncode}: {ended.stderr.strip()[-500:]}')
            return None
        metrics, = Path(folder).glob('*/*.json')
        return json.loads(metrics.read_text())['coco/bbox_mAP']


def say(line: str) -> None:
    """Report progress on stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == '__main__':
    sys.exit(main())
