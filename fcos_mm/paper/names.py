"""What ``tools/paper.py`` can be asked for, without the libraries that it takes."""
from fcos_mm.paper.tables import TABLES

FIGURES = ('figure3', 'figure4', 'figure5', 'figure6', 'figure7', 'figure8')
NAMES = (*TABLES, *FIGURES)
SCALES = ('full', 'small', 'tiny')
