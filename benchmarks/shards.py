"""Images per second of one worker of ``fcos-mm detect --shards`` and of several, in turns.

The workers have a thread each and are started once; starting is not counted. Needs Ray:

    python benchmarks/shards.py pictures --model work_dirs/mine
"""
import argparse
import statistics
import time
from collections import deque
from collections.abc import Sequence

from fcos_mm.apis.sharding.networks import spec_of
from fcos_mm.apis.sharding.pictures import ShardInputs
from fcos_mm.apis.sharding.placing import Placing
from fcos_mm.apis.sharding.ray_engine import RayEngine, connected
from fcos_mm.apis.trained_model import find_model


def seconds(engine: RayEngine, workers: Sequence[int], jobs: Sequence[Sequence[str]]) -> float:
    """The time in which some idle workers do all jobs.

    Args:
        engine: Where they run.
        workers: Their numbers.
        jobs: The pictures of each job.
    """
    left, busy, start = deque(jobs), 0, time.perf_counter()
    idle = deque(workers)
    while left or busy:
        while left and idle:
            engine.submit(idle.popleft(), left.popleft())
            busy += 1
        event = engine.wait()
        if event.kind != 'done':
            raise RuntimeError(f'a worker died: {event.value}')
        idle.append(event.worker)
        busy -= 1
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('input', nargs='+')
    parser.add_argument('--model', required=True)
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--size', type=int, default=10, help='pictures of a job')
    parser.add_argument('--turns', type=int, default=5)
    args = parser.parse_args()
    locations = [one.location for one in ShardInputs(args.input, leave_out='').pictures()]
    jobs = [locations[start:start + args.size] for start in range(0, len(locations), args.size)]
    placing = Placing(workers=args.workers, cpus=1)
    with connected(None, on_gpu=False, num_cpus=args.workers) as ray:
        engine = RayEngine(ray, spec=spec_of(find_model(args.model)), placing=placing)
        workers = [engine.hire() for _ in range(args.workers)]
        for _ in workers:
            engine.wait()
        for worker in workers:  # warm up
            seconds(engine, [worker], jobs[:1])
        speeds = {1: [], args.workers: []}
        for _ in range(args.turns):
            for number, found in speeds.items():
                found.append(len(locations) / seconds(engine, workers[:number], jobs))
                print(f'{number} workers: {found[-1]:.2f} images/s', flush=True)
        engine.close()
    one, several = map(statistics.median, speeds.values())
    print(f'{len(locations)} images, medians of {args.turns} turns: {one:.2f} images/s with 1 '
          f'worker, {several:.2f} with {args.workers}, ratio {several / one:.2f}')


if __name__ == '__main__':
    main()
