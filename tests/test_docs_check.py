"""Which blocks of the documentation are run, and how."""
import ast
import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = '''# Page

<!-- setup
mkdir data
-->
```text
not a command
```

<!-- not run: needs a GPU -->
```bash
fcos-mm train
```

- In a list:

    <!-- run with: --epochs 1 -->
    ```bash
    echo a \\
        b
    ```

<!-- file: sub/mine.py -->
```python
_base_ = 'fcos_mm::base.py'
```

<!-- config on: fcos_mm::other.py -->
```python
levels = 'P3-P5'
```

```console
$ echo 1
1
$ echo 2 \\
  3
2 3
```

```python
import this
```
'''


@pytest.fixture(scope='module')
def check():
    spec = importlib.util.spec_from_file_location(
        'docs_check', ROOT / 'docs' / '_tools' / 'check.py')
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_blocks_of_a_page(check):
    assert [(block.line, block.language, block.mark, block.words)
            for block in check.blocks(PAGE)] == [
        (4, 'bash', 'setup', ''), (11, 'bash', 'not run', 'needs a GPU'),
        (18, 'bash', 'run with', '--epochs 1'), (24, 'python', 'file', 'sub/mine.py'),
        (29, 'python', 'config on', 'fcos_mm::other.py'), (33, 'console', '', ''),
        (41, 'python', '', '')]


def test_what_runs(check, tmp_path):
    setup, _, run_with, file, config, console, program = [
        check.command(block, tmp_path) for block in check.blocks(PAGE)]
    assert setup[-1] == 'mkdir data\n'
    assert run_with[-1] == 'echo a \\\n    b --epochs 1'
    assert file[-1] == 'sub/mine.py'
    assert (tmp_path / 'sub/mine.py').read_text() == "_base_ = 'fcos_mm::base.py'\n"
    assert (tmp_path / config[-1]).read_text() == "_base_ = 'fcos_mm::other.py'\nlevels = 'P3-P5'\n"
    assert console[-1] == 'echo 1\necho 2 \\\n  3'
    assert program == [sys.executable, '-c', 'import this\n']


@pytest.mark.parametrize('text, status, note', [
    ('echo seen; false', 'FAILED', 'exit status 1\nseen\n'),
    ('false | cat; true', 'FAILED', 'exit status 1\n'),
    ('true', 'ok', ''),
])
def test_status_of_a_block(check, tmp_path, text, status, note):
    assert check.run(check.Block(1, 'bash', text), tmp_path, limit=60) == (status, note)


def test_a_setup_is_not_counted(check, tmp_path):
    status, _ = check.run(check.Block(1, 'bash', 'true', 'setup'), tmp_path, limit=60)
    assert status == 'prepared'
    assert '**0 blocks run' in check.as_page([check.Outcome('docs/a.md', 1, status)], 1)


def test_a_block_that_takes_too_long_is_ended(check, tmp_path):
    status, note = check.run(check.Block(1, 'bash', 'sleep 60'), tmp_path, limit=0.1)
    assert status == 'FAILED' and note.startswith('longer than 0 s: make the example smaller')


def test_the_page_of_results(check):
    outcomes = [check.Outcome('docs/a.md', 3, 'ok', 1.4), check.Outcome('docs/a.md', 9, 'written'),
                check.Outcome('docs/b.md', 5, 'not run', note='needs a GPU')]
    page = check.as_page(outcomes, seconds=120)
    assert '**2 blocks run, 1 not run, 0 failed** in 2 minutes' in page
    assert '| docs/a.md | 2 | 0 | 0 | 1 |' in page
    assert '| docs/b.md, line 5 | needs a GPU |' in page


@pytest.mark.parametrize('page', sorted((ROOT / 'docs').glob('*.md')), ids=lambda page: page.name)
def test_commands_stand_in_fenced_blocks(page):
    """An indented block is not run by ``make docs-check``."""
    prose = re.sub(r'```.*?```|<!--.*?-->', '', page.read_text(), flags=re.DOTALL)
    assert not re.findall(r'(?m)^    (?:fcos-mm|python|make|pip) .*', prose)


def test_every_page_of_the_api_reference_is_in_the_navigation():
    hooks = ast.parse((ROOT / 'docs' / '_tools' / 'hooks.py').read_text())
    pages = next(node.value for node in hooks.body if isinstance(node, ast.Assign)
                 and node.targets[0].id == 'API')
    navigation = re.findall(r': api/(\w+)\.md', (ROOT / 'mkdocs.yml').read_text())
    assert sorted(navigation) == sorted(ast.literal_eval(key) for key in pages.keys)


def test_every_guide_is_in_the_navigation():
    pages = {path.name for path in (ROOT / 'docs').glob('*.md')}
    assert pages <= set(re.findall(r': ([\w/]+\.md)', (ROOT / 'mkdocs.yml').read_text()))
