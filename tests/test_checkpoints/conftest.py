"""The server of files."""
from tests.file_server import server  # noqa: F401
