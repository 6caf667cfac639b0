"""What shells need to complete the words of ``fcos-mm``, made by shtab."""
import argparse

import shtab

from fcos_mm.checkpoints.zoo.table import zoo_names
from fcos_mm.cli.lookup import commands
from fcos_mm.config.shipped import shipped_configs

# Files, and the names of shipped configs or published models as they are when this is printed.
_CONFIGS = {'bash': '_fcos_mm_configs', 'zsh': '_fcos_mm_configs', 'tcsh': 'f'}
_MODELS = {'bash': '_fcos_mm_models', 'zsh': '_fcos_mm_models', 'tcsh': 'f'}
_OF_MODELS = ('model', 'load_from')
_FUNCTIONS = {
    'bash': '_fcos_mm_{kind}() {{ compgen -W "{names}" -- "$1"; compgen -f -- "$1"; }}',
    'zsh': '_fcos_mm_{kind}() {{ _alternative "{kind}:{kind}:({names})" '
           '"files:file:_files" }}'}


def completion(shell: str) -> str:
    """A script for ``shell`` that completes commands, options, files, configs and models."""
    kinds = {'configs': ' '.join(shipped_configs()), 'models': ' '.join(zoo_names())}
    functions = {name: '\n'.join(text.format(kind=kind, names=names)
                                 for kind, names in kinds.items())
                 for name, text in _FUNCTIONS.items()}
    return shtab.complete(whole_parser(), shell, preamble=functions)


def whole_parser() -> argparse.ArgumentParser:
    """One parser that has every command as a parser of its own."""
    parser = argparse.ArgumentParser(prog='fcos-mm')
    parser.add_argument('--version', action='version')
    parts = parser.add_subparsers()
    for command in commands().values():
        part = parts.add_parser(command.name, help=command.summary, prog=f'fcos-mm {command.name}')
        command.load().add_arguments(part)
        _complete_values(part)
    return parser


def _complete_values(parser: argparse.ArgumentParser) -> None:
    """Complete what is text by names of files, and configs by the names of the shipped ones too."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part in action.choices.values():
                _complete_values(part)
        elif action.dest == 'config':
            action.complete = _CONFIGS
        elif action.dest in _OF_MODELS:
            action.complete = _MODELS
        elif action.nargs != 0 and action.choices is None and action.type is None:
            action.complete = shtab.FILE
