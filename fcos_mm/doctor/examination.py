"""``examine``: every check, none of which can stop the others."""
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence

from fcos_mm.doctor import machine, optional, packages
from fcos_mm.doctor.finding import Finding, one_line

Check = Callable[[], Iterable[Finding]]

#: A check yields findings. In order: what is imported first, the lower packages before the upper.
CHECKS: dict[str, tuple[Check, ...]] = {
    'required packages': (packages.python, packages.packages, packages.openmmlab_lines,
                          packages.opencv, packages.limits),
    'machine': (machine.devices, machine.shared_memory, machine.fonts),
    'speed': (optional.operators, optional.torchvision, optional.coco_numbers),
    'backbone weights': (optional.weights, ),
    'optional packages': (optional.extras, ),
}
_WIDTH = 19


def examine(checks: Mapping[str, Sequence[Check]] = CHECKS) -> dict[str, list[Finding]]:
    """Run the checks; the findings by the titles of the checks."""
    return {title: [finding for check in group for finding in _findings(check)]
            for title, group in checks.items()}


def _findings(check: Check) -> list[Finding]:
    """What a check finds; that it cannot look is a finding as well."""
    found = []
    try:
        for finding in check():
            found.append(finding)
    except (Exception, SystemExit) as error:
        found.append(Finding(check.__name__.replace('_', ' '), 'warning',
                             f'check failed: {one_line(error)}'))
    return found


def text_report(findings: Mapping[str, Sequence[Finding]]) -> str:
    """The findings for the screen, each problem with the command that fixes it."""
    lines = []
    for title, group in findings.items():
        lines += ['', title]
        for finding in group:
            head = f'  {finding.state:9}{finding.name:{_WIDTH}}'
            lines += textwrap.wrap(finding.text, 100, initial_indent=head,
                                   subsequent_indent=' ' * len(head)) or [head]
            if finding.remedy:
                lines.append(f'{"":11}{"":{_WIDTH}}-> {finding.remedy}')
    every = [finding for group in findings.values() for finding in group]
    broken = [finding.name for finding in every if finding.state == 'broken']
    warnings = sum(finding.state == 'warning' for finding in every)
    verdict = f'Broken: {", ".join(broken)}.' if broken else 'Nothing is broken'
    return '\n'.join([*lines[1:], '', verdict if broken else f'{verdict}; {warnings} warnings.'])
