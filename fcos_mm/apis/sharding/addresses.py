"""Addresses that fsspec opens: ``s3://``, ``gs://``, ``abfs://``, ``https://``, ``file://``, ..."""
import contextlib
import glob
import os
import posixpath
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import fsspec

from fcos_mm.errors import UserError, first_line

#: By protocol the package that fsspec needs; fsspec names that of others.
_PACKAGES = {'s3': 's3fs', 's3a': 's3fs', 'gs': 'gcsfs', 'gcs': 'gcsfs', 'abfs': 'adlfs',
             'abfss': 'adlfs', 'az': 'adlfs', 'http': 'aiohttp', 'https': 'aiohttp',
             'hf': 'huggingface_hub'}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What an address means.

    Attributes:
        files: Addresses, sorted.
        folder: The folder that their names are relative to, without a slash at its end.
        lines: Those of a list of pictures, without comments, if the address is one.
    """
    files: Sequence[str]
    folder: str
    lines: Sequence[str] | None = None


class FetchError(UserError):
    """A picture cannot be read from its address."""


def is_address(path: str) -> bool:
    """Whether a path is an address."""
    return '://' in path


def common_folder(folders: Sequence[str]) -> str:
    """The beginning, with a slash at its end, that is left out of names; '' if there is none."""
    shared = os.path.commonprefix([f'{folder}/' for folder in folders]).rpartition('/')[0]
    return f'{shared}/' if shared.partition('://')[2] else ''


def find(address: str) -> Found:
    """List a picture, a pattern, a prefix or a list (``.txt``) of pictures.

    Raises:
        UserError: If a package is missing, or there is nothing that can be read.
    """
    with _explained(address, UserError):
        system, path = fsspec.core.url_to_fs(address)
        if system.isfile(path):
            lines = _lines(system, path) if path.lower().endswith('.txt') else None
            found = [] if lines is not None else [path]
            return Found(files=_named(system, found), lines=lines,
                         folder=posixpath.dirname(_named(system, [path])[0]))
        magic, folder = glob.has_magic(path), _fixed_part(path)
        paths = system.glob(path) if magic else system.find(path)
        files = [one for one in paths if not _hidden(one[len(folder):])]
    if not files:
        raise UserError(f'There is nothing at {address}.\nCheck the address; patterns need '
                        'quotes.')
    return Found(files=sorted(_named(system, files)), folder=_named(system, [folder])[0])


@contextlib.contextmanager
def fetched(location: str) -> Iterator[str]:
    """A file with the content of an address meanwhile; a path of a file is returned as it is.

    Raises:
        FetchError: If it cannot be read.
    """
    if not is_address(location):
        yield location
        return
    ending = posixpath.splitext(location)[1]
    handle, path = tempfile.mkstemp(suffix=ending if ending[1:].isalnum() else '')
    try:
        with _explained(location, FetchError), open(handle, 'wb') as file:
            with fsspec.open(location, 'rb') as source:
                file.write(source.read())
        yield path
    finally:
        os.unlink(path)


def _lines(system, path: str) -> list[str]:
    text = system.cat_file(path).decode('utf-8-sig')
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith('#')]


def _fixed_part(path: str) -> str:
    """A path, or the folder of a pattern before its first wildcard, without a slash at the end."""
    places = [path.find(sign) for sign in '*?[' if sign in path]
    return (path[:min(places)].rpartition('/')[0] if places else path).rstrip('/')


def _named(system, paths: Sequence[str]) -> list[str]:
    return [system.unstrip_protocol(path) for path in paths]


def _hidden(path: str) -> bool:
    return any(part.startswith('.') for part in path.split('/'))


@contextlib.contextmanager
def _explained(address: str, kind: type[UserError]) -> Iterator[None]:
    """Turn what goes wrong with an address into an error that says what to do."""
    protocol = address.partition('://')[0]
    try:
        yield
    except UserError:
        raise
    except ImportError as error:
        package = _PACKAGES.get(protocol)
        remedy = (f'Install it on every machine: pip install {package}' if package
                  else f'Install what it needs on every machine: {error}')
        needs = f' needs the package {package}' if package else ''
        raise kind(f'{address}: {protocol}://{needs or " cannot be read here"}.\n{remedy}'
                   ) from error
    except Exception as error:  # of any store
        reason = first_line(error)
        advice = ('\nCheck the address and your credentials for it.' if kind is UserError else '')
        raise kind(f'{address} cannot be read: {type(error).__name__}: {reason}{advice}'
                   ) from error
