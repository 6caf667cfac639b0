"""Registers every component: imports all that the rooms export."""
from fcos_mm import registry  # noqa: F401  isort: skip  before mmdet is imported
from fcos_mm import datasets, engine, evaluation, models, ranking, speed, visualization
from fcos_mm.analysis import instrumented_head  # noqa: F401

for _room in (engine, datasets, evaluation, models, ranking, speed, visualization):
    for _name in _room.__all__:
        getattr(_room, _name)
