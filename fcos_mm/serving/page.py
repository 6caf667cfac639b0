"""The page on which a picture is dropped; it loads nothing from other hosts."""
import base64
import hashlib
import re
from importlib import resources


def page() -> tuple[str, dict[str, str]]:
    """The page, and the headers of its answer, which let no other script run."""
    text = resources.files('fcos_mm.serving').joinpath('templates', 'index.html').read_text('utf-8')
    for name in ('script', 'style'):
        part = re.search(f'<{name}>(.*?)</{name}>', text, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        text = text.replace(f'{{{name}}}', f'sha256-{digest}', 1)
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    return text, {'content-security-policy': f"{policy}; frame-ancestors 'none'"}
