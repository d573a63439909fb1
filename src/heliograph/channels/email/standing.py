"""How the server takes our mail: too much of it refused as spam or by policy, and the channel had better stop."""

from __future__ import annotations

from collections import deque

WINDOW = 600.0  # seconds
SHARE = 0.05  # of the mails in the window that may be refused so
FEWEST = 5  # refusals below which the share says nothing
_SLICE = 10.0  # seconds that are counted together


class Standing:
    """Counts the last ten minutes of one channel. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._slices: deque[list[float]] = deque()  # when it began, mails, refused

    def heard(self, refused: bool, now: float) -> None:
        """The server has answered for a mail."""
        if not self._slices or now - self._slices[-1][0] >= _SLICE:
            self._slices.append([now, 0, 0])
        self._slices[-1][1] += 1
        self._slices[-1][2] += refused

    def trouble(self, now: float) -> str:
        """Why no mail should be sent for now; empty while all is well."""
        while self._slices and now - self._slices[0][0] > WINDOW:
            self._slices.popleft()
        refused = int(sum(slice[2] for slice in self._slices))
        mails = int(sum(slice[1] for slice in self._slices))
        if refused < FEWEST or refused <= mails * SHARE:
            return ""
        return f"the server refused {refused} of the last {mails} mails as spam or by policy: look into it before more is lost"
