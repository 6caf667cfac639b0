"""What mmdet's scripts take for granted and current libraries lack."""
from matplotlib import style

_SEABORN = 'seaborn-v0_8-'  # before what matplotlib calls the styles of that library


def name_seaborn_styles() -> None:
    """Let matplotlib know seaborn's styles by their own names.

    ``analyze_logs.py`` asks matplotlib for ``'dark'``, which is a name of seaborn's.
    """
    for name in list(style.library):
        if name.startswith(_SEABORN):
            style.library.setdefault(name.removeprefix(_SEABORN), style.library[name])
