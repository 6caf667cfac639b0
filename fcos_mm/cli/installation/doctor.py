"""``fcos-mm doctor``: check the installation and print how to fix it."""
import argparse
import json
from dataclasses import asdict

_EPILOG = '''\
ok: works; absent: optional and not installed; warning: works with limits; broken: fcos_mm cannot
run. An arrow shows the command that fixes it.

exit status: 0 nothing is broken; 1 something is broken.

examples:
  %(prog)s
  %(prog)s --json > machine.json'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Check packages and devices; report problems and the commands to fix them.'
    parser.epilog = _EPILOG
    parser.add_argument('--json', action='store_true', help='print JSON instead of text')


def run(args: argparse.Namespace) -> int:
    """Print what was found; 1 if something is broken, else 0."""
    from fcos_mm.doctor import examine, text_report
    findings = examine()
    if args.json:
        print(json.dumps({title: [*map(asdict, group)] for title, group in findings.items()},
                         indent=2))
    else:
        print(text_report(findings))
    return int(any(finding.state == 'broken' for group in findings.values() for finding in group))
