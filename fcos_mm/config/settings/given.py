"""What a file, or the command line, says of a setting."""
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from fcos_mm.config.keys import is_number
from fcos_mm.errors import UserError


def keys_with(words: Collection[str], keys: Collection[str]) -> list[str]:
    """The dotted keys that hold one of the words inside another key: ``optimizer.lr``."""
    return [key for key in keys if any(f'.{word}.' in f'{key}.' for word in words)]


@dataclass(frozen=True)
class Given:
    """A setting with its value, and what is set beside it.

    Attributes:
        former: The value that the name had before; None if it had none.
        keys: The dotted keys that the same file, or command line, sets.
    """
    name: str
    value: Any
    former: Any = None
    keys: Collection[str] = ()

    def beside(self, *words: str) -> bool:
        """Whether one of these keys is set beside it: ``pipeline``, ``optimizer.lr``."""
        return bool(keys_with(words, self.keys))

    def error(self, reason: str) -> UserError:
        """That it cannot be applied: why, then what to do."""
        return UserError(f'{self.name}={self.value!r}: {reason}')

    def count(self) -> int:
        """The value as a whole number of 1 or more.

        Raises:
            UserError: If it is something else.
        """
        if not is_number(self.value, int) or self.value < 1:
            raise self.error(f'it must be a whole number of 1 or more.\nWrite {self.name}=8.')
        return self.value
