"""Connections that make no progress are closed."""
import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from fcos_mm.serving.settings import Settings


class LimitedProtocol(H11Protocol):
    """Uvicorn's protocol, which itself waits without an end for the head of a request, for a
    client that takes its answer, and for the rest of a body after the answer.
    """
    idle_timeout: float
    answer_timeout: float

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A connection is open."""
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection is closed."""
        self._timer.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """An answer is handed to the transport."""
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def _watch(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        unsent = self.transport.get_write_buffer_size()
        limit = self.answer_timeout if unsent else self.idle_timeout
        if not answering and self.loop.time() - self._idle_since >= limit:
            self.transport.abort() if unsent else self.transport.close()
        else:
            self._timer = self.loop.call_later(self.idle_timeout / 4, self._watch)


def limited_protocol(settings: Settings) -> type[LimitedProtocol]:
    """The protocol with the limits of a server."""
    return type('Protocol', (LimitedProtocol, ), dict(
        idle_timeout=settings.idle_timeout,
        answer_timeout=max(settings.timeout, settings.idle_timeout)))
