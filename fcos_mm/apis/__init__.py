"""The functions behind the scripts in ``tools/``."""
from fcos_mm import components  # noqa: F401  before mmdet is imported, and for every type
