"""Reading beside the network."""
import threading
from itertools import count, islice

import pytest

from fcos_mm.detection.session import in_background


def test_items_come_in_order_from_another_thread():
    threads = set()

    def items():
        for number in range(20):
            threads.add(threading.get_ident())
            yield number

    assert list(in_background(items(), 3)) == list(range(20))
    assert threading.get_ident() not in threads


def test_it_is_only_so_many_items_ahead():
    read = []
    items = in_background((read.append(number) or number for number in count()), 3)
    assert list(islice(items, 5)) == [0, 1, 2, 3, 4]
    items.close()
    assert 5 <= len(read) <= 5 + 3


def test_what_is_raised_meanwhile():
    def items():
        yield 1
        raise ValueError('odd')

    read = in_background(items(), 3)
    assert next(read) == 1
    with pytest.raises(ValueError, match='odd'):
        next(read)
