"""Windows in NumPy, for the mistakes of several exercises, and a sentence that two of them say."""

SQUARE_ASSUMED = (
    "Right for a square map only: you count the windows along one side and use that for both. "
    "There are H/M rows and W/M columns of windows."
)


def grid(x, window):
    """(B, H, W, C) -> (B, H/M, M, W/M, M, C), where nothing has moved yet."""
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // window, window, width // window, window, channels)


def partition(x, window):
    """(B, H, W, C) -> (B·nW, M², C)."""
    return grid(x, window).transpose(0, 1, 3, 2, 4, 5).reshape(-1, window**2, x.shape[3])


def whole(windows, window, height, width):
    """(B·nW, M², C) -> (B, H/M, W/M, M, M, C), where nothing has moved yet."""
    rows, columns = height // window, width // window
    return windows.reshape(-1, rows, columns, window, window, windows.shape[2])
