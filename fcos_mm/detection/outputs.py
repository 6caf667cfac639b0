"""What is written of the detections: JSON, CSV, drawings, videos and crops."""
import csv
import os
import os.path as osp
import re
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from fcos_mm.detection.detections_file import DetectionsFile, OutputError
from fcos_mm.detection.video import VideoWriter
from fcos_mm.runtime.detections import Detections
from fcos_mm.runtime.drawing_paths import DrawingPaths
from fcos_mm.runtime.images import write_png

_COLUMNS = ('file_name', 'frame', 'class', 'score', 'x0', 'y0', 'x1', 'y1')
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]|^\.+$')  # of folders, on any system


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which image detections are of.

    Attributes:
        path: The file.
        name: Its path below the folder that all inputs share.
        frame: Of a video, from 0.
        rate: Frames a second.
    """
    path: str
    name: str
    frame: int | None = None
    rate: float = 0.


@dataclass(kw_only=True)
class Outputs:
    """The files of a run in ``out_dir``; after every image they hold all that was found.

    Attributes:
        json_file: For the detections; ``detections.json`` in ``out_dir`` if None.
        draw: Write drawings to ``vis/``.
        crops: Write each object to ``crops/<class>/``.
        table: Write ``detections.csv``.

    Raises:
        OutputError: If one cannot be written.
    """
    out_dir: str
    json_file: str | None = None
    draw: bool = True
    crops: bool = False
    table: bool = False
    _paths: DrawingPaths = field(default_factory=DrawingPaths, init=False)
    _video: VideoWriter | None = field(default=None, init=False)
    _video_of: str | None = field(default=None, init=False)

    def __enter__(self) -> 'Outputs':
        self.json = DetectionsFile(
            self.json_file or osp.join(self.out_dir, 'detections.json'))
        self._table = None
        if self.table:
            path = osp.join(self.out_dir, 'detections.csv')
            with self._errors_of(path):
                self._table = open(path, 'w', newline='', encoding='utf-8')
                self._write_table([_COLUMNS])
        return self

    def __exit__(self, *_) -> None:
        self.end_video()
        self.json.close()
        if self._table:
            self._table.close()

    @property
    def count(self) -> int:
        """How many detections were written."""
        return self.json.count

    def add(self, place: Place, found: Detections) -> None:
        """Write what was found in an image."""
        frame = {} if place.frame is None else dict(frame=place.frame)
        self.json.add([dict(file_name=place.name, **frame, **row) for row in found.rows()])
        if self._table:
            with self._errors_of(self._table.name):
                self._write_table([(place.name, place.frame, one.name, f'{one.score:.5f}',
                                    *(f'{value:.2f}' for value in one.box)) for one in found])
        if self.draw:
            self._draw(place, found)
        if self.crops:
            self._crop(place, found)

    def end_video(self) -> None:
        """Finish the video that is being written, if any."""
        if self._video is not None:
            self._video.close()
        self._video = self._video_of = None

    def _draw(self, place: Place, found: Detections) -> None:
        path = osp.join(self.out_dir, 'vis', *place.name.split('/'))
        with self._errors_of(path):
            if place.frame is None:
                found.draw_to(self._paths.of(path))
                return
            if self._video_of != place.path:
                self.end_video()
                self._video = VideoWriter(path.removesuffix('.mp4'), place.rate)
                self._video_of = place.path
            self._video.add(np.asarray(found.plot()))

    def _crop(self, place: Place, found: Detections) -> None:
        """Write the parts of the image; a box without a pixel has none."""
        height, width = found.image.shape[:2]
        stem = _NOT_IN_NAMES.sub('_', place.name)
        stem += '' if place.frame is None else f'_{place.frame:06d}'
        for number, one in enumerate(found, start=1):
            x0, y0 = np.floor(one.box[:2]).astype(int).clip(0)
            x1, y1 = np.ceil(one.box[2:]).astype(int).clip(0, (width, height))
            folder = osp.join(self.out_dir, 'crops', _NOT_IN_NAMES.sub('_', one.name))
            path = osp.join(folder, f'{stem}_{number}.png')
            if x0 < x1 and y0 < y1:
                with self._errors_of(path):
                    os.makedirs(folder, exist_ok=True)
                    write_png(path, found.image[y0:y1, x0:x1])

    def _write_table(self, rows: list[tuple]) -> None:
        csv.writer(self._table).writerows(rows)
        self._table.flush()

    @contextmanager
    def _errors_of(self, path: str):
        """Turn what the system says about a file into an OutputError."""
        try:
            yield
        except OSError as error:
            raise OutputError(path, error,
                              f'The {self.count} detections so far are kept.') from error
