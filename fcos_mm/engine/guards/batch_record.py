"""Record training batches as plain tensors and containers, which are safe to load."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import BaseBoxes
from mmengine.dist import get_rank
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor

from fcos_mm.compat.modules import inner_model

# What a detector learns from: everything else of a sample is dropped.
_INSTANCES = ('gt_instances', 'ignored_instances')


@dataclass
class RecordedBatch:
    """A batch, and what it takes to run it again."""

    iteration: int  # as in the log, from 1
    data: dict  # of the data loader
    random_state: dict[str, Tensor]  # torch's before the batch, on 'cpu' and 'cuda'
    terms: dict[str, float] = field(default_factory=dict)  # the losses that were not finite

    @classmethod
    def now(cls, iteration: int, data: dict) -> 'RecordedBatch':
        """Record a batch that is about to be run."""
        states = dict(cpu=torch.get_rng_state())
        if torch.cuda.is_available():
            states['cuda'] = torch.cuda.get_rng_state()
        return cls(iteration, data, states)

    def describe(self) -> dict:
        """Return ``iteration``, ``terms`` and paths or ids of the ``images``."""
        metas = [getattr(sample, 'metainfo', {}) for sample in self.data.get('data_samples', ())]
        images = [str(meta.get('img_path', f"image {meta.get('img_id', '?')}")) for meta in metas]
        return dict(iteration=self.iteration, terms=self.terms, images=images)


def record_path(work_dir: str, iteration: int, rank: int) -> Path:
    """The file of a rank's batches of a step, by the last iteration of the step, from 1."""
    return Path(work_dir) / 'non_finite' / f'iteration_{iteration}_rank_{rank}.pth'


def save_record(runner, batches: list[RecordedBatch]) -> None:
    """Write batches, at least one, weights and config to :func:`record_path`."""
    path = record_path(runner.work_dir, batches[-1].iteration, get_rank())
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(
        config=runner.cfg.pretty_text,
        iterations=[batch.iteration for batch in batches],
        batches=[_pack_batch(batch.data) for batch in batches],
        random_states=[batch.random_state for batch in batches],
        state_dict=inner_model(runner.model).state_dict()), path)


def unpack_batch(packed: dict) -> dict:
    """Turn a batch of a file into one for a ``data_preprocessor``."""
    return dict(inputs=packed['inputs'],
                data_samples=[_unpack_sample(sample) for sample in packed['samples']])


def _pack_batch(batch: dict) -> dict:
    return dict(inputs=_plain(batch['inputs']),
                samples=[_pack_sample(sample) for sample in batch['data_samples']])


def _pack_sample(sample: BaseDataElement) -> dict:
    instances = {name: _plain(dict(sample.get(name).items()))
                 for name in _INSTANCES if name in sample}
    return dict(meta=_plain(sample.metainfo), **instances)


def _unpack_sample(packed: dict) -> DetDataSample:
    sample = DetDataSample(metainfo=packed['meta'])
    for name in _INSTANCES:
        if name in packed:
            setattr(sample, name, InstanceData(**packed[name]))
    return sample


def _plain(value: Any) -> Any:
    """Tensors on the CPU, numbers, text and containers of them; the rest is dropped."""
    if isinstance(value, BaseBoxes):
        value = value.tensor
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biuf':
        value = torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, dict):
        return {key: plain for key, part in value.items()
                if (plain := _plain(part)) is not None or part is None}
    return type(value)(map(_plain, value)) if isinstance(value, (list, tuple)) else None
