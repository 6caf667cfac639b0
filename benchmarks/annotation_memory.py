"""Measure the memory of a training set's annotations, by workers and ranks.

Writes annotations of COCO train2017's size, lets processes load them by mmdet's
dataset and by ours, walks every worker through all of them, and adds up what
the processes hold (the kernel's PSS: a page that n processes share counts 1/n
in each; and the pages that only one process has, USS):

    python benchmarks/annotation_memory.py
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

KINDS = ('mmdet', 'not shared', 'shared')  # the last two are ours
SETTINGS = ((1, 1), (1, 8), (4, 2))  # ranks, workers of each


def write_annotations(path: Path, images: int, boxes: int, seed: int = 0) -> None:
    """Annotations with boxes only, in COCO's format.

    Args:
        path: The file.
        images: How many images, each with at least one box.
        boxes: How many boxes.
        seed: Of the boxes.
    """
    random = np.random.default_rng(seed)
    owner = np.concatenate([np.arange(images), random.integers(0, images, boxes - images)])
    corners = random.uniform(0, 300, (boxes, 4)).round(2).tolist()
    labels = random.integers(1, 81, boxes).tolist()
    data = dict(
        images=[dict(id=index, width=640, height=640, file_name=f'{index:012}.jpg')
                for index in range(images)],
        annotations=[dict(id=index, image_id=image, category_id=label, iscrowd=0,
                          bbox=[x, y, width + 2, height + 2], area=(width + 2) * (height + 2))
                     for index, (image, label, (x, y, width, height)) in enumerate(
                         zip(owner.tolist(), labels, corners), start=1)],
        categories=[dict(id=index, name=f'class {index}') for index in range(1, 81)])
    path.write_text(json.dumps(data))


def serve(kind: str, path: str, workers: int) -> None:
    """Run as one rank: load, let the workers read everything, print the PIDs, wait."""
    import warnings

    import torch

    import fcos_mm  # noqa: F401  (supplies mmcv's operators)
    from mmdet.datasets import CocoDataset  # isort: skip
    warnings.filterwarnings('ignore', message='This DataLoader will create')
    options = {}
    if kind != 'mmdet':
        from fcos_mm.datasets import CocoDataset  # noqa: F811
        options = dict(share_annotations=kind == 'shared')
    ranks = int(os.environ['WORLD_SIZE'])
    if kind == 'shared' and ranks > 1:
        torch.distributed.init_process_group(
            'gloo', init_method=f'file://{path}.meeting', rank=int(os.environ['RANK']),
            world_size=ranks)
    dataset = CocoDataset(
        ann_file=path, data_prefix=dict(img=''), pipeline=[], filter_cfg=dict(filter_empty_gt=True),
        metainfo=dict(classes=[f'class {n}' for n in range(1, 81)]), **options)
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=64, num_workers=workers, persistent_workers=True,
        collate_fn=len, multiprocessing_context='fork')
    for _ in range(2):
        count = sum(loader)
    found = [process.pid for process in loader._iterator._workers]
    print(json.dumps(dict(images=count, pids=found)), flush=True)
    sys.stdin.readline()


def measure(kind: str, path: Path, ranks: int, workers: int) -> tuple:
    """Megabytes: all PSS, all USS, of all processes; and the USS of a worker."""
    command = [sys.executable, __file__, '--serve', kind, '--file', path, '--workers',
               str(workers)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True,
                                  env={**os.environ, 'RANK': str(rank), 'WORLD_SIZE': str(ranks)})
                 for rank in range(ranks)]
    try:
        pids = []
        for process in processes:
            line = ''
            while not line.startswith('{'):
                line = process.stdout.readline()
                if not line:
                    raise SystemExit(f'{kind}: the process ended')
            pids.append([process.pid, *json.loads(line)['pids']])
        held = [[_held(pid) for pid in family] for family in pids]
    finally:
        for process in processes:
            process.stdin.close()
            process.wait()
    everyone = np.array([pair for family in held for pair in family])
    return *everyone.sum(0), float(np.mean([uss for family in held for _, uss in family[1:]]))


def _held(pid: int) -> tuple:
    """(PSS, USS) of a process in MB."""
    lines = dict(line.split(':') for line in
                 Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()[1:])

    def megabytes(name: str) -> float:
        return int(lines[name].split()[0]) / 1024

    return megabytes('Pss'), megabytes('Private_Clean') + megabytes('Private_Dirty')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=118_000)
    parser.add_argument('--boxes', type=int, default=860_000)
    parser.add_argument('--serve', choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument('--file', help=argparse.SUPPRESS)
    parser.add_argument('--workers', type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.file, args.workers)
        return
    print(f'{args.images:,} images, {args.boxes:,} boxes; MB')
    print(f'{"dataset":10} {"ranks":>5} {"workers each":>12} {"PSS, all":>9} {"USS, all":>9} '
          f'{"USS, a worker":>13}')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'annotations.json')
        write_annotations(path, args.images, args.boxes)
        for ranks, workers in SETTINGS:
            for kind in KINDS:
                pss, uss, worker = measure(kind, path, ranks, workers)
                print(f'{kind:10} {ranks:5} {workers:12} {pss:9,.0f} {uss:9,.0f} {worker:13,.0f}',
                      flush=True)


if __name__ == '__main__':
    main()
