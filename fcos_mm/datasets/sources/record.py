"""What a prepared dataset was made from; a later call finds it again or says what differs."""
import hashlib
import os
import os.path as osp

from fcos_mm.datasets.converters.coco import write_json
from fcos_mm.datasets.json_file import read_json
from fcos_mm.datasets.sources.source import Source
from fcos_mm.errors import UserError

RECORD = 'data.json'
_REMEDY = 'Give a new work dir, or delete this folder.'


class Record:
    """The file ``data.json`` of a folder.

    Args:
        out_dir: The folder.
        given: The arguments that the result depends on.
    """

    def __init__(self, out_dir: str, source: Source, **given) -> None:
        self.path = osp.join(osp.abspath(out_dir), RECORD)
        self.given = dict(given, files=_fingerprint(source, osp.abspath(out_dir)))

    def find(self) -> dict | None:
        """What an earlier call made; None if there was none.

        Raises:
            UserError: If it was made from other data or with other arguments.
        """
        if not osp.exists(self.path):
            return None
        record = read_json(self.path, 'Record of the data', _REMEDY)
        if not isinstance(record, dict) or not {'given', 'made'} <= {*record}:
            raise UserError(f'{self.path} was not written by fcos_mm.\n{_REMEDY}')
        before, made = record['given'], record['made']
        differs = [f'{name} was {before.get(name)!r}, now {value!r}' if name != 'files' else
                   'files were added, removed or changed'
                   for name, value in self.given.items() if before.get(name) != value]
        lost = [split['ann_file'] for split in made['splits'].values()
                if not osp.isfile(split['ann_file'])]
        if differs or lost:
            reason = '; '.join(differs) or f'{lost[0]} no longer exists'
            raise UserError(
                f'{osp.dirname(self.path)} was made from other data: {reason}.\n{_REMEDY}')
        return made

    def write(self, made: dict) -> None:
        """Keep what was made."""
        write_json(self.path, dict(given=self.given, made=made))


def _fingerprint(source: Source, out_dir: str) -> str:
    """A digest of names, sizes and times of all files, without those where results are."""
    inside = osp.relpath(out_dir, source.root).split(os.sep)[0]
    results = osp.join(source.root, inside, '')
    digest = hashlib.sha256()
    for path in source.files():
        if not path.startswith(results) and osp.exists(path):
            about = os.stat(path)
            digest.update(os.fsencode(f'{path} {about.st_size} {about.st_mtime_ns}\n'))
    return digest.hexdigest()
