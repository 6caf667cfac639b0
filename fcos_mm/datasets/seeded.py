"""Random numbers that depend on seed, epoch and index of a sample alone.

What a transform draws for an image must not depend on which worker loads it,
or on what was loaded before: a run that was stopped and resumed has other
workers. The samplers hand out indices that carry the seed of the run and the
epoch; the datasets seed the random numbers with these while they load.
"""
import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import get_worker_info


class SeededIndex(int):
    """An index of a dataset that knows the randomness of its sample.

    Args:
        seed: Seed of the run, not negative.
        epoch: How many times the whole dataset was handed out before.
    """

    def __new__(cls, value: int, seed: int, epoch: int) -> 'SeededIndex':
        index = super().__new__(cls, value)
        index.seed = seed
        index.epoch = epoch
        return index

    def __getnewargs__(self) -> tuple[int, int, int]:
        """What a copy in another process is made of."""
        return int(self), self.seed, self.epoch

    @contextlib.contextmanager
    def randomness(self) -> Iterator[None]:
        """Draw from this sample's random numbers meanwhile.

        Python, NumPy and torch (on the CPU) start from seed, epoch and index.
        Outside of a worker they go on afterwards as if nothing had been drawn.
        """
        alone = get_worker_info() is None
        if alone:
            python, array, tensor = (random.getstate(), np.random.get_state(),
                                     torch.default_generator.get_state())
        self._seed_all()
        try:
            yield
        finally:
            if alone:
                random.setstate(python)
                np.random.set_state(array)
                torch.default_generator.set_state(tensor)

    def _seed_all(self) -> None:
        words = np.random.SeedSequence((self.seed, self.epoch, int(self))).generate_state(4)
        np.random.seed(words)
        python, for_torch = words.view(np.uint64).tolist()
        random.seed(python)
        # torch.manual_seed would reseed the GPU's generators as well.
        torch.default_generator.manual_seed(for_torch)


class SeededSamples:
    """Makes a dataset take the randomness of a sample from its index.

    To be named before the dataset's class among the bases. A plain index loads
    a sample as ever.
    """

    def __getitem__(self, idx: int):
        """Load a sample."""
        if not isinstance(idx, SeededIndex):
            return super().__getitem__(idx)
        with idx.randomness():
            return super().__getitem__(idx)
