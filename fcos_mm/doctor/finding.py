"""The result of one check, and imports that cannot break the others."""
import contextlib
import importlib
import importlib.metadata
import importlib.util
import io
import warnings
from dataclasses import dataclass

STATES = ('ok', 'absent', 'warning', 'broken')


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        name: What was checked.
        state: ``'ok'``; ``'absent'``, optional and not installed; ``'warning'``, works with
            limits; ``'broken'``, fcos_mm does not work.
        text: Version, or what is wrong.
        remedy: The command that fixes it; empty if there is none.
    """

    name: str
    state: str
    text: str
    remedy: str = ''


@dataclass(frozen=True)
class ImportProblem:
    """Why a module cannot be imported, in one line, and the package that is missing."""

    text: str
    missing: str = ''


def import_error(module: str) -> ImportProblem | None:
    """Import a module without showing its output; None if the import worked."""
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter('ignore')
            importlib.import_module(module)
    except (Exception, SystemExit) as error:
        missing = error.name or '' if isinstance(error, ModuleNotFoundError) else ''
        return ImportProblem(one_line(error), missing.partition('.')[0])
    return None


def one_line(error: BaseException) -> str:
    """Type and message of an error in one line."""
    message = ' '.join(str(error).split())
    return f'{type(error).__name__}: {message[:300]}' if message else type(error).__name__


def is_installed(module: str) -> bool:
    """Whether a module can be found, without an import."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def version_of(distribution: str) -> str | None:
    """The version of an installed distribution; None if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
