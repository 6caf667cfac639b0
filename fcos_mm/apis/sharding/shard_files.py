"""The files of the shards: a shard's results are whole or not there."""
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fcos_mm.apis.sharding.jobs import Job
from fcos_mm.apis.sharding.pictures import Picture
from fcos_mm.apis.sharding.results import Result, is_failure
from fcos_mm.atomic_file import write_text


@dataclass(kw_only=True)
class ShardFiles:
    """The results of all pictures, in a file for each shard.

    Attributes:
        folder: Where the files are.
        pictures: All pictures.
        size: Pictures of a shard.
        done: How many shards have a file in which no picture failed, after :meth:`jobs`.
    """
    folder: Path
    pictures: Sequence[Picture]
    size: int
    _parts: dict[int, dict[int, Result]] = field(default_factory=dict, init=False)

    @property
    def count(self) -> int:
        """How many shards there are."""
        return -(-len(self.pictures) // self.size)

    def path(self, shard: int) -> Path:
        """The file of a shard."""
        return self.folder / f'{shard + 1:05d}-of-{self.count:05d}.json'

    def members(self, shard: int) -> Sequence[Picture]:
        """The pictures of a shard."""
        return self.pictures[shard * self.size:(shard + 1) * self.size]

    def jobs(self) -> Iterator[Job]:
        """A job for each shard with pictures that have no result, or failed in an earlier run."""
        for shard in range(self.count):
            members, results = self.members(shard), self.read(shard) or {}
            left = [index for index in range(len(members))
                    if index not in results or is_failure(results[index])]
            if left:
                self._parts[shard] = {index: one for index, one in results.items()
                                      if not is_failure(one)}
                yield Job(shard=shard, indices=tuple(left),
                          locations=tuple(members[index].location for index in left))

    def add(self, job: Job, results: Sequence[Result]) -> dict[int, Result] | None:
        """Take the results of a job; once its shard is whole it is written and returned.

        Raises:
            UserError: If it cannot be written.
            ValueError: If a picture has a result already, or another number comes than was asked
                for.
        """
        part = self._parts[job.shard]
        for index, result in zip(job.indices, results, strict=True):
            if index in part:
                raise ValueError(f'two results of {self.members(job.shard)[index].path}')
            part[index] = result
        if len(part) < len(self.members(job.shard)):
            return None
        self._write(job.shard, part)
        return self._parts.pop(job.shard)

    def read(self, shard: int) -> dict[int, Result] | None:
        """The results of a shard by the index of the picture in it; None if it is not done."""
        try:
            content = json.loads(self.path(shard).read_text(encoding='utf-8'))
        except (OSError, ValueError):
            return None
        names = [picture.name for picture in self.members(shard)]
        if not isinstance(content, list) or [one['name'] for one in content] != names:
            return None
        return dict(enumerate(content))

    def _write(self, shard: int, results: dict[int, Result]) -> None:
        rows = (json.dumps(dict(name=picture.name, **without_name(results[index])))
                for index, picture in enumerate(self.members(shard)))
        write_text('[\n' + ',\n'.join(rows) + '\n]\n', self.path(shard))


def without_name(result: Result) -> Result:
    """A result as a worker returns it."""
    return {key: value for key, value in result.items() if key not in ('name', 'trace')}
