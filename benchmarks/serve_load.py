"""Load a running server, and tell how fast it answers and how much memory it takes.

Start a server on this machine, then send it pictures, good and bad ones mixed:

    fcos-mm serve mine.onnx --port 8000
    python benchmarks/serve_load.py pictures/*.jpg --requests 2000 --concurrent 16

The memory is the proportional set size (PSS) of the process that listens on the port, read from
/proc during the run. Only addresses of this machine are accepted.
"""
import argparse
import asyncio
import ipaddress
import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np

#: What is sent instead of a picture, and the status that is right for it.
BAD = {
    'empty': (b'', 'image/jpeg', 400),
    'no picture': (b'no picture' * 100, 'image/jpeg', 400),
    'another type': (b'{}', 'application/json', 415),
}


class Load:
    """Requests in flight, and what became of them.

    Args:
        pictures: Contents of the files.
        bad: Share of requests that are refused if all is right.
        limit: Largest upload of the server, in bytes.
        query: Of the address.
    """

    def __init__(self, pictures: list[bytes], bad: float, limit: int, query: dict) -> None:
        self.pictures, self.bad, self.query = pictures, bad, query
        self.refused = {**BAD, 'too large': (bytes(limit + limit // 10), 'image/png', 413)}
        self.random = random.Random(0)
        self.seconds: list[float] = []
        self.statuses: Counter = Counter()
        self.failures: Counter = Counter()

    async def run(self, client: httpx.AsyncClient, until: float, todo: list[int]) -> None:
        """Send one request after another while some are left and there is time."""
        while todo and time.monotonic() < until:
            index = todo.pop()
            if self.random.random() < self.bad:
                name = self.random.choice(list(self.refused))
                data, kind, expected = self.refused[name]
            elif self.random.random() < self.bad:  # cut off in the middle
                name, kind, expected = 'cut off', 'image/jpeg', 400
                data = self.pictures[index % len(self.pictures)]
                data = data[:len(data) // 2]
            else:
                name, kind, expected = 'good', 'image/jpeg', 200
                data = self.pictures[index % len(self.pictures)]
            begin = time.monotonic()
            try:
                answer = await client.post('/detect', content=data, params=self.query,
                                           headers={'content-type': kind})
            except httpx.HTTPError as error:
                self.failures[f'{name}: {type(error).__name__}'] += 1
                continue
            if answer.status_code == expected == 200:
                self.seconds.append(time.monotonic() - begin)
            elif answer.status_code != expected:
                self.failures[f'{name}: status {answer.status_code}'] += 1
            self.statuses[answer.status_code] += 1


def listening_process(port: int) -> int:
    """The process that listens on a port of this machine.

    Raises:
        SystemExit: If there is none that this user may look into.
    """
    sockets = set()
    for table in ('/proc/net/tcp', '/proc/net/tcp6'):
        for line in Path(table).read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == '0A' and int(words[1].rpartition(':')[2], 16) == port:
                sockets.add(f'socket:[{words[9]}]')
    for process in Path('/proc').glob('[0-9]*'):
        try:
            if any(os.readlink(file) in sockets for file in (process / 'fd').iterdir()):
                return int(process.name)
        except OSError:
            continue
    raise SystemExit(f'error: no process of yours listens on port {port}')


def pss(process: int) -> float:
    """Proportional set size in MB."""
    lines = Path(f'/proc/{process}/smaps_rollup').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('Pss:')) / 1024


async def watch(process: int, seen: list[float]) -> None:
    """Note the memory four times a second."""
    while True:
        seen.append(pss(process))
        await asyncio.sleep(.25)


async def measure(args: argparse.Namespace) -> dict:
    """Run the load, and return the figures."""
    query = dict(format='image') if args.drawn else {}
    load = Load([Path(path).read_bytes() for path in args.pictures], args.bad,
                round(args.max_upload_mb * 1e6), query)
    process, memory = listening_process(args.port), []
    async with httpx.AsyncClient(
            base_url=f'http://{args.host}:{args.port}', timeout=60, trust_env=False,
            limits=httpx.Limits(max_connections=args.concurrent)) as client:
        before, watching = pss(process), asyncio.create_task(watch(process, memory))
        begin, todo = time.monotonic(), list(range(args.requests))
        await asyncio.gather(*(load.run(client, begin + args.seconds, todo)
                               for _ in range(args.concurrent)))
        took = time.monotonic() - begin
        watching.cancel()
    half, times = memory[len(memory) // 2:], np.array(load.seconds or [np.nan]) * 1000
    return dict(
        requests=sum(load.statuses.values()) + sum(load.failures.values()),
        concurrent=args.concurrent, seconds=round(took, 1),
        pictures_per_second=round(len(load.seconds) / took, 2),
        milliseconds={f'p{share}': round(float(np.percentile(times, share)), 1)
                      for share in (50, 90, 99)},
        statuses=dict(sorted(load.statuses.items())), failures=dict(load.failures),
        memory_mb=dict(before=round(before), half_way=round(half[0]), peak=round(max(memory)),
                       after=round(pss(process))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('pictures', nargs='+', help='JPEG files')
    parser.add_argument('--host', default='127.0.0.1', help='an address of this machine')
    parser.add_argument('--port', type=int, default=8000)
    parser.add_argument('--requests', type=int, default=2000)
    parser.add_argument('--concurrent', type=int, default=16)
    parser.add_argument('--seconds', type=float, default=600, help='no new request after these')
    parser.add_argument('--bad', type=float, default=.2, help='share of bad uploads')
    parser.add_argument('--max-upload-mb', type=float, default=10, help='as of the server')
    parser.add_argument('--drawn', action='store_true', help='ask for drawn pictures')
    args = parser.parse_args()
    if not ipaddress.ip_address(args.host).is_loopback:
        parser.error('--host: only addresses of this machine, such as 127.0.0.1')
    print(json.dumps(asyncio.run(measure(args)), indent=1))


if __name__ == '__main__':
    main()
