"""Requests over HTTP, with the proxies of the environment, and what their failures mean."""
import errno
import http.client
import socket
import ssl
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from fcos_mm.errors import UserError
from fcos_mm.version import __version__

_SCHEMES = ('http', 'https')
_TIMEOUT = 30.  # seconds without a byte
# Statuses after which the same request may succeed.
_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)
# Errors of the machine's files, not of its network.
_OF_FILES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)


class Interrupted(Exception):
    """A transfer failed in a way that a new attempt may repair."""


class RangeError(Exception):
    """The server has no such part of the file; ``size`` is that of the file, if it says so."""

    def __init__(self, size: int | None) -> None:
        super().__init__()
        self.size = size


def open_address(address: str, headers: dict[str, str], remedy: str) -> http.client.HTTPResponse:
    """Open an address of http or https for reading.

    Args:
        address: The address.
        headers: Of the request.
        remedy: What the error messages advise.

    Raises:
        Interrupted: If a new attempt may succeed.
        RangeError: If the server does not have the part that is asked for.
        UserError: If the server refuses, or the address is of another kind.
    """
    _check_scheme(address, address)
    request = urllib.request.Request(address, headers={
        'User-Agent': f'fcos_mm/{__version__}', 'Accept-Encoding': 'identity', **headers})
    try:
        return _opener().open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(address, error, remedy) from error
    except (OSError, http.client.HTTPException) as error:
        raise interruption(error) from error


def interruption(error: Exception) -> Interrupted:
    """What a failure of the network means.

    Raises:
        OSError: The error itself, if it is none of the network.
    """
    cause = getattr(error, 'reason', error)
    if isinstance(cause, OSError) and cause.errno in _OF_FILES:
        raise cause
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Interrupted(f'its certificate is not accepted: {cause.verify_message}; behind a '
                           'proxy set SSL_CERT_FILE to the certificates of your network')
    if isinstance(cause, socket.gaierror):
        return Interrupted('the name of the server is not known; is this machine online?')
    if isinstance(cause, TimeoutError):
        return Interrupted(f'no answer within {_TIMEOUT:.0f} s')
    return Interrupted(str(cause) or type(cause).__name__)


def _refusal(address: str, error: urllib.error.HTTPError, remedy: str) -> Exception:
    if error.code == 416:
        size = error.headers.get('Content-Range', '').rpartition('/')[2]
        return RangeError(int(size) if size.isdigit() else None)
    answer = f'{error.code} {error.reason}'
    if error.code in _TEMPORARY:
        return Interrupted(f'the server answers {answer}')
    meaning = {401: 'it asks for a login', 403: 'it refuses the request',
               404: 'the file is not there any more', 407: 'the proxy asks for a login',
               410: 'the file is not there any more'}.get(error.code)
    return UserError(f'{address} cannot be downloaded: the server answers {answer}'
                     f'{f" ({meaning})" if meaning else ""}.\n{remedy}')


def _check_scheme(address: str, origin: str) -> None:
    scheme = urlsplit(address).scheme
    if scheme not in _SCHEMES or (scheme == 'http' and urlsplit(origin).scheme == 'https'):
        raise UserError(f'{origin} leads to {address}, which is not followed.\n'
                        'Files are downloaded by https, or by http from an address of http.')


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirections to http and https alone, and never from https to http."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        _check_scheme(newurl, req.full_url)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """What opens http and https, and no files or ftp as urllib does by default."""
    opener = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler, urllib.request.UnknownHandler,
                    urllib.request.HTTPHandler, urllib.request.HTTPSHandler,
                    urllib.request.HTTPDefaultErrorHandler, _Redirects,
                    urllib.request.HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener
