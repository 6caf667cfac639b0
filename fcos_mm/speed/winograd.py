"""3x3 convolutions by Winograd's minimal filtering (Lavin and Gray, arXiv:1509.09308).

F(m x m, 3 x 3) computes a tile of m x m outputs by (m + 2)^2 products where the direct way takes
9 m^2: for m = 4, 36 instead of 144. Between the linear transforms of input and output tiles they
are matrix products over the channels, which is what a CPU does best.
"""
from functools import lru_cache

import torch
from torch import Tensor, nn

TILE = 4  # outputs of a tile, along each axis
TAPS = 3  # of the filter
SPAN = TILE + TAPS - 1  # inputs of a tile

#: Interpolation points besides infinity. Their powers spread little, so the rounding error is
#: several times that of the direct way, but a fraction of what the usual 0, 1, -1, 2, -2 give.
_POINTS = (0., .5**.5, -.5**.5, 2.**.5, -2.**.5)
#: Tiles at a time, which bounds the memory: 72 KiB each at 256 channels. Smaller strips would
#: fit a cache better, but threads meet after each, which costs far more on a busy machine.
_STRIP = 2048
#: With fewer channels the transforms cost what the products save.
_MIN_CHANNELS = 128


@lru_cache(maxsize=None)
@torch.inference_mode(False)
def transforms() -> tuple[Tensor, Tensor, Tensor]:
    """A (TILE, SPAN), G (SPAN, TAPS), B (SPAN, SPAN) of the Toom-Cook algorithm, float64.

    y = A ((G g) * (B d)) are the ``TILE`` outputs of the correlation of a filter g with the
    ``SPAN`` inputs d.
    """
    points = torch.tensor(_POINTS, dtype=torch.float64)

    def powers(k: int) -> Tensor:
        matrix = torch.zeros(SPAN, k, dtype=torch.float64)
        matrix[:-1] = points[:, None]**torch.arange(k)
        matrix[-1, -1] = 1  # the point at infinity
        return matrix

    filters, inputs = powers(TAPS), torch.linalg.inv(powers(SPAN)).T
    # Rows of both may be scaled against each other: as large as each other.
    scale = (filters.abs().amax(1) / inputs.abs().amax(1)).sqrt()[:, None]
    return powers(TILE).T, filters / scale, inputs * scale


@lru_cache(maxsize=None)
@torch.inference_mode(False)
def _planar_transforms() -> tuple[Tensor, Tensor]:
    """The transforms of whole tiles: (36, 36) of inputs, (16, 36) of outputs."""
    outputs, _, inputs = transforms()
    return (torch.kron(inputs, inputs).float().contiguous(),
            torch.kron(outputs, outputs).float().contiguous())


def transform_filters(weight: Tensor) -> Tensor:
    """Filters (O, C, 3, 3) as the matrices of the products, (36, C, O)."""
    matrix = transforms()[1].to(weight.device)
    planes = torch.einsum('xi,ocij,yj->xyco', matrix, weight.detach().double(), matrix)
    return planes.flatten(0, 1).to(weight.dtype).contiguous()


class Workspace:
    """Memory that all convolutions of a network use one after the other."""

    def __init__(self) -> None:
        self._memory = {}

    @torch.inference_mode(False)
    def take(self, name: str, *shape: int) -> Tensor:
        """A float32 tensor of a shape; what it held before is lost. Other names do not overlap."""
        numel = torch.Size(shape).numel()
        if name not in self._memory or self._memory[name].numel() < numel:
            self._memory[name] = torch.empty(numel)
        return self._memory[name][:numel].view(shape)

    def __deepcopy__(self, memo: dict) -> 'Workspace':
        return Workspace()

    def __reduce__(self) -> tuple:
        return Workspace, ()


def winograd_conv2d(images: Tensor, filters: Tensor, bias: Tensor | None,
                    workspace: Workspace) -> Tensor:
    """Convolve with 3x3 filters, stride 1, one pixel of zeros around.

    Args:
        images: (B, C, H, W) float32 on the CPU.
        filters: (36, C, O) from :func:`transform_filters`.
        bias: (O,) or None.
        workspace: Grows as needed.

    Returns:
        (B, O, H, W), in memory as (B, H, W, O).
    """
    batch, channels, height, width = images.shape
    rows, columns = -(-height // TILE), -(-width // TILE)  # of tiles
    tiles = _tiles(images, rows, columns, workspace)
    # One size for all, written tile by tile: (B, row, y, column, x, O).
    out = images.new_empty(batch, rows, TILE, columns, TILE, filters.size(2))
    step = max(1, _STRIP // columns)
    for image in range(batch):
        for first in range(0, rows, step):
            last = min(first + step, rows)
            strip = _strip(tiles[:, :, image, first:last], filters, workspace)
            strip = strip.permute(2, 0, 3, 1, 4)  # (row, y, column, x, O)
            target = out[image, first:last]
            if bias is None:
                target.copy_(strip)
            else:
                torch.add(strip, bias, out=target)
    out = out.view(batch, rows * TILE, columns * TILE, -1)[:, :height, :width]
    return out.contiguous().permute(0, 3, 1, 2)


def _tiles(images: Tensor, rows: int, columns: int, workspace: Workspace) -> Tensor:
    """A view of the overlapping input tiles, (SPAN, SPAN, B, rows, columns, C)."""
    batch, channels, height, width = images.shape
    high, wide = rows * TILE + 2, columns * TILE + 2
    padded = workspace.take('padded', batch, high, wide, channels)
    padded[:, 0].zero_()
    padded[:, height + 1:].zero_()
    padded[:, 1:height + 1, 0].zero_()
    padded[:, 1:height + 1, width + 1:].zero_()
    padded[:, 1:height + 1, 1:width + 1].copy_(images.permute(0, 2, 3, 1))
    y, x = wide * channels, channels
    return padded.as_strided((SPAN, SPAN, batch, rows, columns, channels),
                             (y, x, high * y, TILE * y, TILE * x, 1))


def _strip(tiles: Tensor, filters: Tensor, workspace: Workspace) -> Tensor:
    """Output tiles (TILE, TILE, r, c, O) of input tiles (SPAN, SPAN, r, c, C)."""
    to_products, to_outputs = _planar_transforms()
    _, _, rows, columns, channels = tiles.shape
    count, planes, outputs = rows * columns, SPAN * SPAN, filters.size(2)
    gathered = workspace.take('a', *tiles.shape).copy_(tiles)
    inputs = workspace.take('b', planes, count * channels)
    torch.mm(to_products, gathered.view(planes, -1), out=inputs)
    products = workspace.take('a', planes, count, outputs)
    torch.bmm(inputs.view(planes, count, channels), filters, out=products)
    result = workspace.take('b', TILE * TILE, count * outputs)
    torch.mm(to_outputs, products.view(planes, -1), out=result)
    return result.view(TILE, TILE, rows, columns, outputs)


class WinogradConv2d(nn.Conv2d):
    """A trained 3x3 convolution that is computed by F(4x4, 3x3) where it can be.

    Gradients, mixed precision and accelerators take the direct way. Weights are shared with the
    convolution, the workspace with the others of the network.
    """

    def __init__(self, conv: nn.Conv2d, *, workspace: Workspace) -> None:
        super().__init__(
            conv.in_channels, conv.out_channels, TAPS, padding=1, bias=conv.bias is not None,
            device='meta')
        self.weight, self.bias = conv.weight, conv.bias
        self.workspace = workspace
        self.register_buffer('filters', transform_filters(conv.weight), persistent=False)
        self.train(conv.training)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve (B, C, H, W)."""
        plain = input.dtype == torch.float32 and input.device.type == 'cpu'
        if not plain or input.requires_grad or torch.is_autocast_enabled('cpu'):
            return super().forward(input)
        return winograd_conv2d(input, self.filters, self.bias, self.workspace)


def _fits(module: nn.Module) -> bool:
    return (type(module) is nn.Conv2d and module.kernel_size == (TAPS, TAPS)
            and module.stride == module.dilation == module.padding == (1, 1)
            and module.groups == 1 and module.padding_mode == 'zeros'
            and module.weight.dtype == torch.float32 and module.in_channels >= _MIN_CHANNELS
            and module.out_channels >= _MIN_CHANNELS // 2)


def use_winograd(module: nn.Module) -> None:
    """Replace the 3x3 convolutions at any depth of a module, in place.

    Only for inference on the CPU. The transformed filters take four times the memory of the
    weights.
    """
    workspace = Workspace()
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if _fits(child):
                setattr(parent, name, WinogradConv2d(child, workspace=workspace))
