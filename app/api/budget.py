"""A bound on the bytes of bodies that are held in memory at once, whoever sends them."""

from app.errors import Overloaded


class Budget:
    """Counts what open requests hold. Used by the event loop's thread alone."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self.held = 0

    def take(self, size: int) -> None:
        """Hold so many more bytes.

        Raises:
            Overloaded: All requests together would hold too much.
        """
        if self.held + size > self._most:
            raise Overloaded("too much is being sent to us at once; send it again in a second")
        self.held += size

    def give_back(self, size: int) -> None:
        """Hold so many bytes less."""
        self.held -= size
