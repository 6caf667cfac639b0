"""From the body of a request to the bytes of one picture, within limits."""
import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO

from PIL import Image
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from fcos_mm.serving.refusals import Refusal

#: The field of a form that holds the picture.
FIELD = 'image'
#: Only these are opened: other readers of Pillow start programs or decode while they open.
FORMATS = ('JPEG', 'PNG', 'WEBP', 'BMP', 'GIF', 'TIFF')
_FRAMING = 4096  # bytes of a form around its picture
_BINARY = 'application/octet-stream'
_HOW = (f'Send the picture as the form field {FIELD!r} (curl -F {FIELD}=@picture.jpg), or as the '
        "body with its type (curl --data-binary @picture.jpg -H 'Content-Type: image/jpeg').")

Receive = Callable[[], Awaitable[dict]]


class Held:
    """The bytes of all uploads that are in memory.

    Args:
        limit: More are refused.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.bytes = limit, 0

    def take(self, count: int) -> None:
        """Add some bytes.

        Raises:
            Refusal: Status 503, if they are too many.
        """
        if self.bytes + count > self.limit:
            raise Refusal(503, 'Too many uploads at once. Try again.', retry_after=1)
        self.bytes += count

    def free(self, count: int) -> None:
        """Give some bytes back."""
        self.bytes -= count


class Upload:
    """The body of a request while it arrives.

    Args:
        headers: Names in lower case, and values.
        limit: Bytes that a picture may have.
        held: Where its bytes are counted until :meth:`close`.

    Raises:
        Refusal: Status 413 or 415, from the headers alone.
    """

    def __init__(self, headers: dict[str, str], limit: int, held: Held) -> None:
        kind, options = parse_options_header(headers.get('content-type'))
        self._form = None
        if kind == b'multipart/form-data':
            self._form = _Form(options.get(b'boundary', b''))
        elif kind and not kind.startswith(b'image/') and kind != _BINARY.encode():
            raise Refusal(415, f'Content-Type {kind.decode("latin-1")[:80]} is no picture. {_HOW}')
        self._limit, self._picture_limit = limit + (_FRAMING if self._form else 0), limit
        self._held, self._taken, self._parts = held, 0, []
        length = headers.get('content-length', '')
        if length.isdecimal() and int(length[:20]) > self._limit:
            raise self._too_large()

    async def read(self, receive: Receive, deadline: float) -> bytes:
        """Receive the body, and return the picture in it.

        Args:
            receive: Of ASGI.
            deadline: On the clock of ``time.monotonic``.

        Raises:
            Refusal: Status 400, 408, 413 or 503, or ``Refusal.GONE``.
        """
        async for chunk in _chunks(receive, deadline):
            if self._taken + len(chunk) > self._limit:
                raise self._too_large()
            self._held.take(len(chunk))
            self._taken += len(chunk)
            if self._form:
                self._form.write(chunk)
            else:
                self._parts.append(chunk)
        picture = self._form.finish() if self._form else b''.join(self._parts)
        self._parts.clear()
        if not picture:
            raise Refusal(400, f'There is no picture in the request: it is empty. {_HOW}')
        if len(picture) > self._picture_limit:
            raise self._too_large()
        return picture

    def close(self) -> None:
        """Count its bytes no longer."""
        self._held.free(self._taken)
        self._taken = 0

    def _too_large(self) -> Refusal:
        return Refusal(413, 'The upload is larger than this server takes: '
                            f'{self._picture_limit / 1e6:g} MB. Send a smaller file.')


class _Form:
    """The fields of a form, of which one is the picture."""

    def __init__(self, boundary: bytes) -> None:
        if not boundary:
            raise Refusal(400, f'The form has no boundary in its Content-Type. {_HOW}')
        self._header = [b'', b'']
        self._picture, self._found, self._complete = bytearray(), False, False
        events = dict(
            on_part_begin=self._begin, on_headers_finished=self._check, on_part_data=self._add,
            on_header_field=lambda data, start, end: self._name(0, data[start:end]),
            on_header_value=lambda data, start, end: self._name(1, data[start:end]),
            on_header_end=self._header_end, on_end=self._end)
        try:
            self._parser = MultipartParser(boundary, events)
        except FormParserError as error:
            raise _damaged(error) from None

    def write(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _damaged(error) from None

    def finish(self) -> bytes:
        if not self._complete:
            raise _damaged('it ends too early')
        if not self._found:
            raise Refusal(400, f'The form is empty. {_HOW}')
        picture, self._picture = bytes(self._picture), bytearray()
        return picture

    def _begin(self) -> None:
        self._header, self._field = [b'', b''], None

    def _name(self, part: int, data: bytes) -> None:
        self._header[part] += data

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b'content-disposition':
            self._field = parse_options_header(value)[1].get(b'name')
        self._header = [b'', b'']

    def _check(self) -> None:
        field = (self._field or b'').decode('utf-8', 'replace')
        if field != FIELD:
            raise Refusal(400, f'The form has a field {field[:80]!r}, and only {FIELD!r} is '
                               f'known; options belong to the address (/detect?score_thr=0.5). '
                               f'{_HOW}')
        if self._found:
            raise Refusal(400, f'The form has several fields {FIELD!r}. Send one picture with '
                               'each request.')
        self._found = True

    def _add(self, data: bytes, start: int, end: int) -> None:
        self._picture += data[start:end]

    def _end(self) -> None:
        self._complete = True


def _damaged(error: object) -> Refusal:
    return Refusal(400, f'The form cannot be read: {error}. {_HOW}')


async def _chunks(receive: Receive, deadline: float) -> AsyncIterator[bytes]:
    more = True
    while more:
        try:
            message = await asyncio.wait_for(receive(), max(deadline - time.monotonic(), 0))
        except asyncio.TimeoutError:
            raise Refusal(408, 'The upload took too long.') from None
        if message['type'] == 'http.disconnect':
            raise Refusal(Refusal.GONE, 'The client has gone away.')
        more = message.get('more_body', False)
        yield message.get('body', b'')


async def check_picture(data: bytes, max_pixels: int) -> int:
    """Read the head of a picture, before anything is decoded.

    A thread does it: a file of many small segments takes seconds.

    Args:
        data: An encoded picture.
        max_pixels: More are refused.

    Returns:
        The number of its pixels.

    Raises:
        Refusal: Status 400 if it is no picture, 413 if it is too large.
    """
    width, height = await asyncio.to_thread(_size, data)
    if width * height > max_pixels:
        raise Refusal(413, f'The picture has {width} x {height} pixels, and this server takes '
                           f'{max_pixels / 1e6:g} megapixels. Send a smaller one.')
    return width * height


def _size(data: bytes) -> tuple[int, int]:
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            return image.size
    except Image.DecompressionBombError:
        raise Refusal(413, 'The picture has more pixels than this server takes. '
                           'Send a smaller one.') from None
    except Exception:  # the readers raise errors of many kinds on damaged files
        raise Refusal(400, 'This is no picture that can be read, or it is damaged. Known formats: '
                           f'{", ".join(FORMATS)}.') from None
