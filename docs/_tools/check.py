"""Run the examples of README.md and docs/*.md: ``make docs-check``.

Blocks of a page run in their order in one empty folder. What runs is decided by the fence and by a
mark above it; CONTRIBUTING.md lists both.
"""
import argparse
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / 'docs' / 'docs_check.md'
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').glob('*.md'))]
BLOCK = re.compile(
    r'^ *<!-- setup\n(?P<setup>.*?)^ *-->$'
    r'|(?:^ *<!-- (?P<mark>not run|run with|file|config|config on)(?:: (?P<words>.*?))? -->\n)?'
    r'^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^ *```$', re.DOTALL | re.MULTILINE)
BASELINE = 'fcos_mm::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'
LOAD_CONFIG = 'import sys; from fcos_mm.config import load_config; load_config(sys.argv[1])'
BASH = ['bash', '-e', '-o', 'pipefail', '-c']


@dataclass
class Block:
    """A code block. ``mark`` is its comment's key, ``words`` what stands behind the colon."""
    line: int
    language: str
    text: str
    mark: str = ''
    words: str = ''


@dataclass
class Outcome:
    page: str
    line: int
    status: str  # ok, written, prepared (a setup, not counted), not run, FAILED
    seconds: float = 0
    note: str = ''


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page that count: commands, programs, marked ones and setups."""
    for match in BLOCK.finditer(text):
        line = text.count('\n', 0, match.start('setup' if match['setup'] else 'indent')) + 1
        if match['setup'] is not None:
            yield Block(line, 'bash', match['setup'], 'setup')
        elif match['mark'] or match['language'] in ('bash', 'console', 'python'):
            dedented = re.sub(f'^{match["indent"]}', '', match['text'], flags=re.MULTILINE)
            yield Block(line, match['language'], dedented, match['mark'] or '',
                        match['words'] or '')


def command(block: Block, folder: Path) -> list[str] | None:
    """What a block runs, after writing the file that it stands for; None for nothing."""
    if block.mark == 'file':
        (folder / block.words).parent.mkdir(parents=True, exist_ok=True)
        (folder / block.words).write_text(block.text)
        is_config = block.words.endswith('.py') and '_base_ =' in block.text
        return [sys.executable, '-c', LOAD_CONFIG, block.words] if is_config else None
    if block.mark.startswith('config'):
        base = '' if '_base_ =' in block.text else f'_base_ = {block.words or BASELINE!r}\n'
        (folder / 'config_of_the_page.py').write_text(base + block.text)
        return [sys.executable, '-c', LOAD_CONFIG, 'config_of_the_page.py']
    if block.language == 'python':
        return [sys.executable, '-c', block.text]
    if block.mark == 'run with':
        return [*BASH, f'{block.text.rstrip()} {block.words}']
    if block.language == 'console':
        lines = re.findall(r'^\$ ((?:.*\\\n)*.*)$', block.text, re.MULTILINE)
        return [*BASH, '\n'.join(lines)]
    return [*BASH, block.text]


def run(block: Block, folder: Path, limit: float) -> tuple[str, str]:
    """Run a block; return its status and, of a failure, the end of the output."""
    if block.mark == 'not run':
        return 'not run', block.words
    words = command(block, folder)
    if words is None:
        return 'written', block.words
    environment = {**os.environ, 'REPO': str(ROOT), 'HOME': str(folder.parent),
                   'OMP_NUM_THREADS': '1',
                   'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}',
                   'PYTHONPATH': f'{ROOT}:{os.environ.get("PYTHONPATH", "")}'}
    with tempfile.TemporaryFile('w+') as output:
        process = subprocess.Popen(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output, start_new_session=True)
        try:
            status = process.wait(limit)
            reason = f'exit status {status}'
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            status, reason = 1, (f'longer than {limit:.0f} s: make the example smaller, or mark '
                                 'it <!-- not run: REASON -->')
        output.seek(0)
        tail = ''.join(output.readlines()[-20:])
    if status != 0:
        return 'FAILED', f'{reason}\n{tail}'
    return ('prepared' if block.mark == 'setup' else 'ok'), ''


def check_page(page: Path, folder: Path, limit: float) -> Iterator[Outcome]:
    """Run the blocks of a page in ``folder``, one after another, and print a line for each."""
    name = str(page.relative_to(ROOT))
    folder.mkdir()
    (folder / '.venv').symlink_to(sys.prefix)
    for block in blocks(page.read_text()):
        start = time.monotonic()
        status, note = run(block, folder, limit)
        outcome = Outcome(name, block.line, status, time.monotonic() - start, note)
        shown = note or ' '.join([block.mark, block.words])
        print(f'{name:28} {block.line:5} {status:8} {outcome.seconds:6.1f} s  {shown}', flush=True)
        yield outcome


def versions() -> str:
    """Python and the packages that matter, for the page of results."""
    names = ('torch', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection', 'mmengine', 'mmcv-lite',
             'mmdet')
    found = [f'Python {platform.python_version()}']
    for name in names:
        try:
            found.append(f'{name} {metadata.version(name)}')
        except metadata.PackageNotFoundError:
            continue
    return ', '.join(found)


def count(outcomes: Iterable[Outcome], *statuses: str) -> int:
    return sum(outcome.status in statuses for outcome in outcomes)


def as_page(outcomes: list[Outcome], seconds: float) -> str:
    """The results as docs/docs_check.md."""
    pages = list(dict.fromkeys(outcome.page for outcome in outcomes))
    rows = []
    for page in pages:
        of_page = [outcome for outcome in outcomes if outcome.page == page]
        rows.append(f'| {page} | {count(of_page, "ok", "written")} | {count(of_page, "not run")} '
                    f'| {count(of_page, "FAILED")} | {sum(o.seconds for o in of_page):.0f} |')
    skipped = [f'| {outcome.page}, line {outcome.line} | {outcome.note} |'
               for outcome in outcomes if outcome.status == 'not run']
    return '\n'.join([
        '# Checked examples', '',
        '`make docs-check` runs the commands and programs of these pages on generated data and',
        'writes this page. Blocks that need a GPU, real data or hours are listed below instead.',
        '', f'Last result, {date.today()}: **{count(outcomes, "ok", "written")} blocks run, '
        f'{count(outcomes, "not run")} not run, {count(outcomes, "FAILED")} failed** in '
        f'{seconds / 60:.0f} minutes, with {versions()}.', '',
        '| page | run | not run | failed | seconds |', '| --- | ---: | ---: | ---: | ---: |', *rows,
        '', '## Not run', '', '| block | reason |', '| --- | --- |', *skipped, ''])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('pages', nargs='*', type=Path, help='default: all, and note the result')
    parser.add_argument('--limit', type=float, default=300, metavar='SECONDS', help='for a block')
    words = parser.parse_args()
    start = time.monotonic()
    pages = [page.resolve() for page in words.pages] or [page for page in PAGES if page != RESULT]
    with tempfile.TemporaryDirectory() as home:
        outcomes = [outcome for page in pages
                    for outcome in check_page(page, Path(home) / page.stem, words.limit)]
    failed = count(outcomes, 'FAILED')
    print(f'{count(outcomes, "ok", "written")} blocks run, {count(outcomes, "not run")} not run, '
          f'{failed} failed, {time.monotonic() - start:.0f} s')
    if not words.pages:
        RESULT.write_text(as_page(outcomes, time.monotonic() - start))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
