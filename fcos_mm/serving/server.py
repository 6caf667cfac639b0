"""``fcos-mm serve``: from the options of the command to a running server."""
import argparse
import logging
import os
import signal
import socket
import warnings
from pathlib import Path

from fcos_mm.compat.extras import import_extra
from fcos_mm.errors import UserError
from fcos_mm.runtime.grouping import usual_batch
from fcos_mm.runtime.thresholds import check_score_threshold
from fcos_mm.serving.settings import Settings

#: What a trained model consists of; the server wants what is exported from it.
_TRAINED = ('.pth', '.pt', '.py')
_GRACE = 5  # seconds beyond the timeout of requests until a shutdown waits no longer


def run(args: argparse.Namespace) -> int:
    """Serve a model until a signal ends it.

    Returns:
        The exit status: 0 after SIGTERM or Ctrl-C, once all waiting requests are answered.

    Raises:
        UserError: If a package is missing, or the model or the address cannot be used.
    """
    for module in ('fastapi', 'uvicorn', 'python_multipart'):
        import_extra(module, 'fcos-mm serve')
    if args.score_thr != 'auto':
        check_score_threshold(args.score_thr)
    check_model(args.model)
    listener = listen(args.host, args.port)
    with listener:
        from fcos_mm.runtime import Detector
        from fcos_mm.serving.app import create_app
        detector = Detector(args.model, score_thr=0.0, threads=args.threads, device=args.device)
        app = create_app(detector, settings_of(args, detector.info.shape[0]),
                         name=Path(args.model).name)
        return serve(app, listener, Path(args.model).name)


def settings_of(args: argparse.Namespace, batch_of_file: int = 0) -> Settings:
    """The settings that the options stand for, for a file of a fixed batch size, or 0."""
    batch_size = args.batch_size or usual_batch(args.device, batch_of_file)
    return Settings(
        score_thr=args.score_thr, batch_size=batch_size, max_queue=args.queue,
        max_upload_bytes=round(args.max_upload_mb * 1e6), timeout=args.timeout,
        max_pixels=round(args.max_megapixels * 1e6),
        max_held_bytes=max(Settings.max_held_bytes, round(4e6 * args.max_upload_mb)))


def check_model(path: str) -> None:
    """Find out before anything is loaded whether a path can be served.

    Raises:
        UserError: If there is no such file, or it is not exported; names the command.
    """
    if Path(path).is_dir() or path.endswith(_TRAINED):
        raise UserError(f'{path} is not an exported model, and only these are served.\n'
                        f'Export it: fcos-mm export {path} --format onnx')
    if not Path(path).is_file():
        raise UserError(f'{path}: there is no such file. Give an exported model: .onnx, .xml '
                        '(OpenVINO) or .torchscript.')


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any free one.

    Raises:
        UserError: If the address cannot be used; says why.
    """
    where = f'--host {host} --port {port}'
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise UserError(f'{where}: there is no such host ({error}).') from None
    try:
        if os.name == 'posix':  # else a port stays in use for a minute after its server
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise UserError(f'{where}: cannot listen there: {error.strerror}.\n'
                        'Choose another one: --port 8001, or --port 0 for any free one.'
                        ) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """The address to type into a browser."""
    host, port = listener.getsockname()[:2]
    return f'http://{f"[{host}]" if ":" in host else host}:{port}'


def serve(app, listener: socket.socket, name: str) -> int:
    """Run an application until a signal ends it, and answer what waits."""
    import uvicorn

    from fcos_mm.serving.connections import limited_protocol
    settings: Settings = app.state.service.settings
    logging.basicConfig(format='%(levelname)s: %(message)s', level=logging.WARNING)
    logging.getLogger('python_multipart').setLevel(logging.ERROR)
    warnings.filterwarnings('ignore', message='Image size .* decompression bomb')
    for number in (signal.SIGTERM, signal.SIGINT):  # what uvicorn restores at its end
        signal.signal(number, _ended)
    server = uvicorn.Server(uvicorn.Config(
        app, http=limited_protocol(settings), ws='none', lifespan='on', log_config=None,
        log_level='error', access_log=False, server_header=False, proxy_headers=False,
        limit_concurrency=settings.max_connections, h11_max_incomplete_event_size=16384,
        timeout_graceful_shutdown=round(settings.timeout) + _GRACE))
    print(f'Serving {name} on {address_of(listener)} (Ctrl-C stops)', flush=True)
    server.run(sockets=[listener])
    print('Stopped.', flush=True)
    return 0


def _ended(*_) -> None:
    """Uvicorn raises the signal again once it has stopped; the exit status tells enough."""
