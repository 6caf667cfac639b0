"""The limits of the server."""
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a request may use, and how requests are put together.

    Attributes:
        score_thr: Minimum score of a detection where a request names none; ``'auto'`` for the
            thresholds that the file stores for its classes.
        max_upload_bytes: Of a request's body.
        max_pixels: Of a picture, and of all pictures of a batch.
        max_held_bytes: Of all uploads that are being read or wait.
        batch_size: Pictures that the model gets at once.
        max_wait_ms: How long an incomplete batch waits for further pictures.
        max_queue: Pictures that wait for the model.
        timeout: Seconds from the first byte of a request to its answer, upload included.
        idle_timeout: Seconds that a connection may stay open without a complete request head.
    """
    score_thr: float | str = 'auto'
    max_upload_bytes: int = 10_000_000
    max_pixels: int = 40_000_000
    max_held_bytes: int = 256_000_000
    batch_size: int = 1
    max_wait_ms: float = 2
    max_queue: int = 256
    timeout: float = 30
    idle_timeout: float = 10

    @property
    def max_connections(self) -> int:
        """Open connections; more are answered with status 503."""
        return 2 * self.max_queue + 64
