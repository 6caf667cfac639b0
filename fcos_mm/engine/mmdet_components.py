"""Fills mmdet's registries, so that every plain mmdet type can be named.

A registry asked through a child of ours does not import the modules of its
parent by itself.
"""
import contextlib
import importlib
import io
import warnings

# On import mmdet tells of every optional package that is not installed.
with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
    warnings.simplefilter('ignore')
    for _room in ('datasets', 'engine', 'evaluation', 'models', 'visualization'):
        importlib.import_module(f'mmdet.{_room}')
