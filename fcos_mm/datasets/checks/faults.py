"""Several faults of the data in one error, so that they can be mended together."""
from contextlib import contextmanager
from typing import Iterator, List, Sequence

from fcos_mm.errors import UserError

#: As many cases of a fault are shown.
EXAMPLES = 5


class DataFaults(UserError):
    """One fault of the data or several.

    Args:
        messages: What each of them says.
    """

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = list(dict.fromkeys(messages))
        super().__init__(_listed(self.messages))


class Faults:
    """Gathers the errors of checks of which none needs another to have passed."""

    def __init__(self) -> None:
        self.messages: List[str] = []

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Note an error of the checks in the block instead of stopping at it."""
        try:
            yield
        except UserError as error:
            self.messages += getattr(error, 'messages', [str(error)])

    def raise_all(self) -> None:
        """Raise what was gathered.

        Raises:
            DataFaults: If there is anything.
        """
        if self.messages:
            raise DataFaults(self.messages)


def _listed(messages: Sequence[str]) -> str:
    if len(messages) == 1:
        return messages[0]
    numbered = (f'({number}) {message}' for number, message in enumerate(messages, start=1))
    return '\n\n'.join([f'the data has {len(messages)} faults.', *numbered])
