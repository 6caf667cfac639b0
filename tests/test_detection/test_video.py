"""Videos are read to their end and written so that they can be played."""
import cv2
import numpy as np
import pytest

from fcos_mm.detection.detections_file import OutputError
from fcos_mm.detection.video import VideoError, VideoReader, VideoWriter, frames_of

SHADES = (20, 90, 160, 230)


@pytest.fixture
def video(tmp_path):
    """Four frames of one shade each."""
    writer = VideoWriter(str(tmp_path / 'a'), 5)
    for shade in SHADES:
        writer.add(np.full((48, 64, 3), shade, np.uint8))
    writer.close()
    return writer.path


def test_what_is_written_is_read(video):
    assert video.endswith('a.mp4')
    reader = VideoReader(video)
    assert (reader.count, reader.rate) == (4, 5) and frames_of(video) == 4
    frames = list(reader)
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 4
    assert [round(float(frame.mean())) for frame in frames] == pytest.approx(SHADES, abs=4)


def test_frames_of_another_size_are_brought_to_the_first_ones(tmp_path):
    writer = VideoWriter(str(tmp_path / 'a'), 5)
    for size in ((48, 64), (96, 128)):
        writer.add(np.zeros((*size, 3), np.uint8))
    writer.close()
    assert [frame.shape for frame in VideoReader(writer.path)] == [(48, 64, 3)] * 2


def test_a_file_that_is_no_video(tmp_path):
    (tmp_path / 'a.mp4').write_text('no video')
    assert frames_of(str(tmp_path / 'a.mp4')) == 1
    with pytest.raises(VideoError, match='cannot be read as a video .* convert it'):
        list(VideoReader(str(tmp_path / 'a.mp4')))


def test_a_video_that_breaks_off(video, monkeypatch):
    reader = VideoReader(video)
    reader.count = 9
    frames = iter(reader)
    assert [next(frames).shape for _ in SHADES] == [(48, 64, 3)] * 4
    with pytest.raises(VideoError, match='ends after 4 of 9 frames'):
        next(frames)


def test_a_machine_without_the_first_codec(tmp_path, monkeypatch):
    usual = cv2.VideoWriter

    def without_mp4(path, *words):
        return usual() if path.endswith('.mp4') else usual(path, *words)

    monkeypatch.setattr(cv2, 'VideoWriter', without_mp4)
    writer = VideoWriter(str(tmp_path / 'a'), 5)
    writer.add(np.zeros((48, 64, 3), np.uint8))
    writer.close()
    assert writer.path.endswith('a.avi') and frames_of(writer.path) == 1


def test_a_machine_without_codecs(tmp_path, monkeypatch):
    usual = cv2.VideoWriter
    monkeypatch.setattr(cv2, 'VideoWriter', lambda *words: usual())
    with pytest.raises(OutputError, match='cannot write a video'):
        VideoWriter(str(tmp_path / 'a'), 5).add(np.zeros((48, 64, 3), np.uint8))
