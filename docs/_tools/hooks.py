"""What the site has beside docs/*.md: the API reference, pages from the root, linked files.

A link is written as GitHub wants it, relative to its file. A link to a file outside of docs/
becomes one to the page made from it (:data:`ROOT_PAGES`) or to a copy in the site's `files/`.
"""
import logging
import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

CODE = re.compile(r'(^ *```.*?^ *```$)', re.DOTALL | re.MULTILINE)
#: A list behind a line of text: GitHub needs no blank line between them, Markdown does.
LIST = re.compile(r'(?m)^(?![-*|#<\s]|\d+\. )(.+)\n(?=(?:[-*]|1\.) )')
ROOT = Path(__file__).resolve().parents[2]
#: What docstrings write as :class:`Name` or :func:`package.name`, after Markdown.
ROLE = re.compile(r':(?:class|func|meth|data|mod|attr):<code>~?([^<]*)</code>')
LINK = re.compile(r'(?<=\]\()(?!\w+:|#|/)([^)#\s]+)(?=[)#])')

LOADED = re.compile(r'<(?:script|img|link|iframe|source)\b[^>]*?="((?:https?:)?//[^"]*)"')
LOG = logging.getLogger('mkdocs.hooks')

#: Files of the repository's root -> pages of the site.
ROOT_PAGES = {'CHANGELOG.md': 'changelog.md', 'CONTRIBUTING.md': 'contributing.md',
              'README.md': 'index.md'}

#: Pages of the API reference: file -> (title, introduction, what it describes).
API = {
    'detection': ('Load and detect', 'A trained model in Python. `fcos_mm.load` is `load` below.', [
        'fcos_mm.api', 'fcos_mm.apis.detection.detections']),
    'runtime': ('Run an export', 'An exported model without torch.', [
        'fcos_mm.runtime.detector', 'fcos_mm.runtime.detections', 'fcos_mm.runtime.images',
        'fcos_mm.runtime.sessions', 'fcos_mm.runtime.sessions.session', 'fcos_mm.runtime.info']),
    'data': ('Data', 'From a folder in any layout to COCO files.', [
        'fcos_mm.datasets.sources.prepare', 'fcos_mm.datasets.coco']),
    'models': ('Models', 'The detector, its head and the parts of the head.', [
        'fcos_mm.models.detector', 'fcos_mm.models.head', 'fcos_mm.models.locations',
        'fcos_mm.models.assigner', 'fcos_mm.models.losses', 'fcos_mm.models.postprocess',
        'fcos_mm.models.branches.centerness', 'fcos_mm.models.branches.iou_quality',
        'fcos_mm.models.structures', 'fcos_mm.models.level_norm', 'fcos_mm.models.moving_average',
        'fcos_mm.models.backbones.staged', 'fcos_mm.models.backbones.dla',
        'fcos_mm.models.backbones.efficientnet_lite',
        'fcos_mm.models.backbones.mobilenet_v2', 'fcos_mm.models.backbones.timm_backbone',
        'fcos_mm.models.necks.bifpn', 'fcos_mm.ranking.network', 'fcos_mm.ranking.detector',
        'fcos_mm.ranking.metric']),
    'evaluation': ('Evaluation', 'AP, score thresholds and the metrics of the tables.', [
        'fcos_mm.evaluation.coco_metric', 'fcos_mm.evaluation.score_threshold',
        'fcos_mm.evaluation.table_metrics']),
    'analysis': ('Analysis', 'What the paper reports beside AP.', [
        'fcos_mm.analysis.assignment_stats', 'fcos_mm.analysis.score_iou',
        'fcos_mm.analysis.overlapped', 'fcos_mm.analysis.result_file',
        'fcos_mm.analysis.training_memory']),
    'engine': ('Training', 'Hooks and loops that configs name.', [
        'fcos_mm.engine.early_stopping', 'fcos_mm.engine.progress.hook',
        'fcos_mm.engine.guards.non_finite', 'fcos_mm.engine.guards.unreadable',
        'fcos_mm.engine.resume.checkpoint_hook', 'fcos_mm.engine.resume.train_loops',
        'fcos_mm.engine.distributed.watchdog', 'fcos_mm.engine.run_header']),
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/, and the files that pages link to."""
    for name, (title, introduction, modules) in API.items():
        described = '\n\n'.join(f'::: {module}' for module in modules)
        files.append(File.generated(config, f'api/{name}.md', content=(
            f'# {title}\n\n{introduction}\n\n{described}\n')))
    for source, page in ROOT_PAGES.items():
        if page not in files.src_uris:
            files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    for linked in sorted(_linked_files(files)):
        files.append(File.generated(config, f'files/{linked}', abs_src_path=str(ROOT / linked)))
    return files


def on_page_markdown(markdown: str, page: Page, **_) -> str:
    """Point links to files outside of docs/ at their place in the site, and begin lists."""
    here = PurePosixPath(page.file.src_uri).parent
    parts = CODE.split(markdown)
    markdown = ''.join(part if index % 2 else LIST.sub(r'\1\n\n', part)
                       for index, part in enumerate(parts))
    return LINK.sub(lambda match: _in_site(match[1], _repository_path(page.file), here), markdown)


def on_page_content(html: str, **_) -> str:
    """Show Sphinx's roles in docstrings as code."""
    return ROLE.sub(r'<code>\1</code>', html)


def on_post_page(output: str, page: Page, **_) -> str:
    """Warn of what a page would load from another host; links are no matter."""
    for address in LOADED.findall(output):
        LOG.warning(f'{page.file.src_uri} loads {address}')
    return output


def _linked_files(files: Files) -> set[str]:
    """The files outside of docs/ that pages link to, without those that become pages."""
    pages = [file for file in files.documentation_pages() if not file.src_uri.startswith('api/')]
    linked = {_target(link, _repository_path(file)) for file in pages
              for link in LINK.findall(file.content_string)}
    return {path for path in linked if not _is_page(path) and (ROOT / path).is_file()}


def _is_page(path: str) -> bool:
    """Whether a file of the repository is a page, or a picture beside the pages."""
    in_docs = path.startswith('docs/') and not path.startswith('docs/_tools/')
    return in_docs or path in ROOT_PAGES


def _repository_path(file: File) -> str:
    """Where a page lies in the repository."""
    back = {page: source for source, page in ROOT_PAGES.items() if page != 'index.md'}
    return back.get(file.src_uri, f'docs/{file.src_uri}')


def _target(link: str, source: str) -> str:
    """The path in the repository that a link of the file ``source`` names."""
    return normpath(str(PurePosixPath(source).parent / link))


def _in_site(link: str, source: str, here: PurePosixPath) -> str:
    path = _target(link, source)
    if _is_page(path):
        place = ROOT_PAGES.get(path, path.removeprefix('docs/'))
    elif (ROOT / path).is_file():
        place = f'files/{path}'
    else:
        return link  # reported by mkdocs as not found
    return relpath(place, here)
