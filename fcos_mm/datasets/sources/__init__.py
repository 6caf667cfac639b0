"""From a user's folder or file, in whichever layout, to COCO files; without torch."""
from fcos_mm.datasets.sources.prepare import PreparedData, Split, prepare_data
from fcos_mm.datasets.sources.recognise import recognise

__all__ = ['PreparedData', 'Split', 'prepare_data', 'recognise']
