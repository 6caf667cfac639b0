"""From pictures to a detector.

The commands, a module each: ``add_arguments(parser)`` and ``run(args)``. Importing one imports
neither torch nor OpenMMLab, so that ``--help`` and a wrong option are answered at once; ``run``
imports what does the work.
"""
from fcos_mm.cli.command import main, parse, run_command, run_tool

__all__ = ['main', 'parse', 'run_command', 'run_tool']
