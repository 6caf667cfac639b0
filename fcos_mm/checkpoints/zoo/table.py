"""The published detectors by name, from ``configs/zoo.yml``."""
import functools
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from fcos_mm.config.nearest import did_you_mean
from fcos_mm.config.shipped import shipped_folder
from fcos_mm.errors import UserError

#: The file in the folder of the shipped configs.
FILE = 'zoo.yml'

# OpenMMLab and PyTorch write the first digits of the SHA-256 behind the name of a file.
_CHECKSUM = re.compile(r'-([0-9a-f]{8,64})\.pth')
_FILE_NAME = re.compile(r'\w[\w.-]*\.pth', re.ASCII)


@dataclass(frozen=True)
class ZooModel:
    """A detector that others publish.

    Attributes:
        name: Its full name.
        aliases: Short names.
        source: The implementation whose file it is: ``'mmdet'``.
        variant: What ``fcos-mm convert`` cannot tell from the weights; None if nothing.
        about: What it is.
        published_as: Its name at its source.
        input_size: Of the test.
        ap: Box AP as published, in percent.
        split: The images of COCO on which the AP was measured.
        ap_test_dev: Box AP on COCO test-dev; None if not published.
        address: Of the file.
        code: Where it is described.
        license: Of its source.
        parameters: In millions; None if not known.
        file_size: In MB (10**6 bytes), as published; None if it is not.
    """

    name: str
    aliases: tuple[str, ...]
    source: str
    variant: str | None
    about: str
    published_as: str
    input_size: str
    ap: float
    split: str
    ap_test_dev: float | None
    address: str
    code: str
    license: str
    parameters: float | None = None
    file_size: float | None = None

    @property
    def short_name(self) -> str:
        """The shortest name."""
        return min((self.name, *self.aliases), key=len)

    @property
    def file_name(self) -> str:
        """The name of the file at its address.

        Raises:
            UserError: If the address is not that of a ``.pth`` file on the web.
        """
        parts = urlsplit(self.address)
        name = PurePosixPath(parts.path).name
        if parts.scheme not in ('http', 'https') or not _FILE_NAME.fullmatch(name):
            raise UserError(f'{FILE}: the address of {self.name} is {self.address}.\n'
                            'Give an address of http or https that ends with the name of a .pth '
                            'file.')
        return name

    @property
    def sha256_prefix(self) -> str:
        """The first digits of the file's SHA-256 as published; empty if they are not."""
        found = _CHECKSUM.search(self.file_name)
        return found[1] if found else ''


@functools.cache
def zoo_models() -> tuple[ZooModel, ...]:
    """All published detectors, in the order of the file."""
    import yaml
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    table = yaml.load((shipped_folder('configs') / FILE).read_bytes(), loader)
    licenses = {entry['Name']: entry['License'] for entry in table['Collections']}
    return tuple(_model(entry, licenses[entry['In Collection']]) for entry in table['Models'])


def zoo_names() -> dict[str, ZooModel]:
    """The published detectors by all their names, full and short."""
    return {name: model for model in zoo_models() for name in (model.name, *model.aliases)}


def find_zoo_model(name: str) -> ZooModel:
    """The published detector of a name.

    Raises:
        UserError: If there is none; suggests the most similar name.
    """
    known = zoo_names()
    if name not in known:
        raise UserError(f'There is no published model {name!r}.{did_you_mean(name, known)}\n'
                        '`fcos-mm models` lists them.')
    return known[name]


def _model(entry: dict, license_of: str) -> ZooModel:
    known, results = entry['Metadata'], entry['Results']
    figures = {result['Dataset']: result['Metrics']['box AP'] for result in results}
    return ZooModel(
        name=entry['Name'], aliases=tuple(entry.get('Alias', ())), source=entry['Source'],
        variant=entry.get('Variant'), about=known['Description'],
        published_as=known['Published As'], input_size=known['Input'], ap=figures['COCO'],
        split=known['Test Split'], ap_test_dev=figures.get('COCO test-dev'),
        address=entry['Weights'], code=entry['Code']['URL'], license=license_of,
        parameters=known.get('Parameters (M)'), file_size=known.get('File Size (MB)'))
