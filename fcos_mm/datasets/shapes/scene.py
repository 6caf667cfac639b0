"""One image of the generated dataset ``shapes`` and its boxes.

Shapes are painted one over the other. A map remembers which shape each pixel
shows, so that boxes enclose what can be seen and nothing else.
"""
import cv2
import numpy as np

from fcos_mm.datasets.shapes.drawing import (
    CLASSES,
    DISTRACTORS,
    background,
    coverage,
    noise,
    outline,
    paint,
    pose,
    surface,
)

MIN_SIDE = 8  # longer side of the smallest annotated box, in pixels
_MIN_VISIBLE = 0.5  # part of a shape that must stay visible
_MIN_CONTRAST = 60  # mean difference of a shape's color from what it covers
_RIM = 0.3  # how dark the rim of a shape is beside its color
_NOBODY = -1


class Scene:
    """An image under construction.

    Attributes:
        image (np.ndarray): float32 ``(height, width, 3)``, 0 to 255.
        shapes (list[dict]): ``label``, ``area`` (whole, in pixels) and
            ``iscrowd`` of each shape, in the order of painting.
        owner (np.ndarray): int ``(height, width)``, index of the shape that a
            pixel shows, -1 where there is none.
    """

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.width, self.height, self.rng = width, height, rng
        self.image = background(width, height, rng)
        self.shapes = []
        self.owner = np.full((height, width), _NOBODY, np.int64)

    def add_shape(self, label: int, size: float, center: tuple) -> bool:
        """Paint a shape, unless it hides too much or cannot be seen itself.

        Args:
            size: Longer side of its box, in pixels.
            center: Center ``(x, y)`` of its box.
        """
        contours = pose(outline(CLASSES[label], self.rng), size, center, self.rng)
        mask = coverage(contours, self.width, self.height)
        return self._add(mask, dict(label=label, area=_area(contours), iscrowd=0))

    def add_swarm(self, label: int, radius: float, center: tuple) -> bool:
        """Paint many tiny shapes of one class, annotated as one crowd.

        Args:
            radius: How far from the center they lie, in pixels.
        """
        masks = []
        for _ in range(self.rng.integers(12, 25)):
            place = center + self.rng.uniform(-radius, radius, 2)
            contours = pose(
                outline(CLASSES[label], self.rng), self.rng.uniform(5, 7), place, self.rng)
            masks.append(coverage(contours, self.width, self.height))
        mask = np.max(masks, axis=0)
        return self._add(mask, dict(label=label, area=int((mask > 127).sum()), iscrowd=1))

    def add_distractor(self, size: float, center: tuple) -> None:
        """Paint something that is not annotated, unless it hides too much."""
        kind = DISTRACTORS[self.rng.integers(len(DISTRACTORS))]
        contours = pose(outline(kind, self.rng), size, center, self.rng)
        mask = coverage(contours, self.width, self.height)
        if self._claim(mask, _NOBODY):
            self._paint(mask, self.rng.uniform(0.6, 1.0))

    def boxes(self) -> list:
        """Boxes of what can be seen of each shape.

        Dicts of ``label``, ``bbox`` (x, y, width, height, whole pixels), ``area`` (visible
        pixels) and ``iscrowd``.
        """
        return [dict(label=shape['label'], bbox=self._visible_box(self.owner, index),
                     area=int((self.owner == index).sum()), iscrowd=shape['iscrowd'])
                for index, shape in enumerate(self.shapes)]

    def finish(self) -> np.ndarray:
        """The scene lit, blurred and with grain: uint8 ``(height, width, 3)``."""
        rng = self.rng
        light = noise(self.width, self.height, 2, rng)[:, :, None]
        light = light * np.float32(0.5) + np.float32(0.6)
        image = (self.image * light).round().astype(np.int16)
        if rng.random() < 0.3:
            image = cv2.blur(image, (2, 2))
        grain = rng.integers(0, 8)
        image += rng.integers(-grain, grain + 1, image.shape, dtype=np.int16)
        return image.clip(0, 255).astype(np.uint8)

    def _add(self, mask: np.ndarray, shape: dict) -> bool:
        if (mask > 127).sum() < _MIN_VISIBLE * shape['area']:
            return False
        if not self._claim(mask, len(self.shapes)):
            return False
        self.shapes.append(shape)
        self._paint(mask, self.rng.uniform(0.9, 1.0))
        return True

    def _claim(self, mask: np.ndarray, index: int) -> bool:
        """Give a mask's pixels to a shape if every shape stays visible."""
        claimed = mask > 127
        owner = np.where(claimed, index, self.owner)
        for other in np.unique(self.owner[claimed]):
            if other == _NOBODY:
                continue
            if (owner == other).sum() < _MIN_VISIBLE * self.shapes[other]['area']:
                return False
            if max(self._visible_box(owner, other)[2:]) < MIN_SIDE:
                return False
        if index != _NOBODY and max(self._visible_box(owner, index)[2:]) < MIN_SIDE:
            return False
        self.owner = owner
        return True

    @staticmethod
    def _visible_box(owner: np.ndarray, index: int) -> list:
        """The box (x, y, width, height) around the pixels of a shape."""
        return list(cv2.boundingRect((owner == index).astype(np.uint8)))

    def _paint(self, mask: np.ndarray, opacity: float) -> None:
        """Paint a surface of contrasting colors through a mask."""
        x, y, width, height = cv2.boundingRect(mask)
        if width == 0:
            return
        part = self.image[y:y + height, x:x + width]
        weight = mask[y:y + height, x:x + width] * np.float32(opacity / 255)
        under = (part * weight[:, :, None]).sum(axis=(0, 1)) / weight.sum()
        color = self._contrasting(under)
        paint(part, surface(width, height, color, self.rng), weight)
        inner = cv2.erode(weight, np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT, borderValue=1)
        paint(part, (color * _RIM).astype(np.float32), weight - inner)

    def _contrasting(self, color: np.ndarray) -> np.ndarray:
        """A color ``(3,)`` that differs from the given one."""
        while True:
            candidate = self.rng.uniform(0, 255, 3)
            if np.abs(candidate - color).mean() > _MIN_CONTRAST:
                return candidate


def _area(contours: list) -> float:
    """Area in pixels inside the first contour and outside the others."""
    areas = [abs(cv2.contourArea(contour.astype(np.float32))) for contour in contours]
    return areas[0] - sum(areas[1:])


def draw_scene(width: int, height: int, rng: np.random.Generator) -> tuple:
    """An image, uint8 ``(height, width, 3)``, and its boxes as ``Scene.boxes`` gives them."""
    scene = Scene(width, height, rng)
    _add_distractors(scene, rng.integers(0, 4))
    layout = rng.choice([_nothing, _scattered, _crowded, _nested], p=[0.04, 0.36, 0.3, 0.3])
    layout(scene)
    if rng.random() < 0.08:
        scene.add_swarm(rng.integers(len(CLASSES)), rng.uniform(12, 24), _somewhere(scene))
    _add_distractors(scene, rng.integers(0, 2))
    return scene.finish(), scene.boxes()


def _somewhere(scene: Scene) -> np.ndarray:
    """A random place ``(2,)`` in the image."""
    return scene.rng.uniform(0, 1, 2) * (scene.width, scene.height)


def _random_size(scene: Scene, low: float = MIN_SIDE, high: float = None) -> float:
    """A size, up to most of the image; each octave a little likelier than the one below."""
    high = high or 0.95 * min(scene.width, scene.height)
    return float(low * (high / low)**(scene.rng.uniform()**0.7))


def _add_distractors(scene: Scene, count: int) -> None:
    for _ in range(count):
        scene.add_distractor(_random_size(scene), _somewhere(scene))


def _nothing(scene: Scene) -> None:
    """No shape at all."""


def _scattered(scene: Scene) -> None:
    """A few shapes of all sizes anywhere, larger ones mostly below."""
    sizes = [_random_size(scene) for _ in range(scene.rng.integers(1, 8))]
    for size in sorted(sizes, key=lambda size: -size * scene.rng.uniform(0.5, 2)):
        scene.add_shape(scene.rng.integers(len(CLASSES)), size, _somewhere(scene))


def _crowded(scene: Scene) -> None:
    """Many shapes of similar size that overlap."""
    typical = _random_size(scene, 10, 44)
    middle = _somewhere(scene) * 0.5 + np.array([scene.width, scene.height]) * 0.25
    for _ in range(scene.rng.integers(6, 16)):
        size = max(typical * scene.rng.uniform(0.7, 1.4), MIN_SIDE)
        place = middle + scene.rng.normal(0, 1.4 * typical, 2)
        scene.add_shape(scene.rng.integers(len(CLASSES)), size, place)


def _nested(scene: Scene) -> None:
    """A big shape with small ones of other classes inside its box."""
    big = _random_size(scene, 48)
    middle = _somewhere(scene) * 0.6 + np.array([scene.width, scene.height]) * 0.2
    label = int(scene.rng.integers(len(CLASSES)))
    scene.add_shape(label, big, middle)
    for _ in range(scene.rng.integers(1, 6)):
        other = (label + scene.rng.integers(1, len(CLASSES))) % len(CLASSES)
        size = _random_size(scene, MIN_SIDE, big / 2)
        scene.add_shape(other, size, middle + scene.rng.uniform(-0.45, 0.45, 2) * big)
