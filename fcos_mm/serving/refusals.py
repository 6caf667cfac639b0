"""Answers other than 200."""


class Refusal(Exception):
    """A request that is answered with an error.

    Attributes:
        status: The HTTP status.
        message: What is wrong and what to do, for ``{"error": ...}``.
        retry_after: Seconds after which to try again, for status 503.
    """

    #: Nobody gets this answer; it is a status for the counters, as in nginx.
    GONE = 499

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.retry_after = status, message, retry_after

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {} if self.retry_after is None else {'retry-after': str(self.retry_after)}
