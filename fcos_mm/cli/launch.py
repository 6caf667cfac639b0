"""``fcos-mm launch``: train or test in several processes, on one or more machines."""
import argparse

from fcos_mm.cli.options import add_config, positive, run_of
from fcos_mm.config.shipped import shipped_folder

#: Options that are not its own are those of the tool that it starts.
HANDS_OPTIONS_ON = True

_EPILOG = '''examples:
  {train} CONFIG 8 --amp
      8 processes on this machine
  {train} CONFIG 8 --max-restarts 3
      resume from the last checkpoint after a failure
  NNODES=2 NODE_RANK=0 MASTER_ADDR=node0 MASTER_PORT=29500 {train} CONFIG 8
      on the first of two machines; NODE_RANK=1 on the second

environment:
  NNODES        machines (1)
  NODE_RANK     index of this machine, from 0; machine 0 hosts the rendezvous
  MASTER_ADDR   name or address of the first machine
  MASTER_PORT   its port (29500; on one machine a free one is chosen); PORT is an alias
  RDZV_ID       name of the job, if several use the same first machine (fcos_mm)

exit status: 0 success; 2 wrong settings; 75 stopped by a signal after saving, continue with
--resume; 1 any other failure.'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    start = 'tools/dist_{}.sh' if parser.prog.endswith('launch.py') else f'{parser.prog} {{}}'
    parser.description = 'Train or test in several processes'
    parser.epilog = epilog = _EPILOG.format(train=start.format('train'))
    parser.set_defaults(tools=shipped_folder('tools'))
    tools = parser.add_subparsers(dest='tool', required=True)
    for name in ('train', 'test'):
        tool = tools.add_parser(
            name, prog=start.format(name), epilog=epilog, allow_abbrev=False,
            help=f'{name} a detector',
            description=f'{name.capitalize()} in several processes; options of `{name}` may follow',
            formatter_class=argparse.RawDescriptionHelpFormatter)
        add_config(tool)
        if name == 'test':
            tool.add_argument('checkpoint', help='the weights to test')
        tool.add_argument('processes', type=positive, help='processes on this machine, one per GPU')
        tool.add_argument('--max-restarts', type=int, default=0, metavar='TIMES',
                          help='how often to restart all processes after a failure; training '
                          'resumes from its last checkpoint')


run = run_of('fcos_mm.engine.distributed.launch')
