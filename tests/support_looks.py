"""The ways in which pages are looked at: on a desk and on a phone, by day and by night."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Look:
    """A window; its size in CSS pixels."""

    name: str
    width: int
    height: int
    scale: float  # device pixels of a CSS pixel
    phone: bool
    dark: bool


def _looks():
    for size, width, height, scale in (("desktop", 1280, 800, 1), ("phone", 390, 844, 2)):
        for shade in ("light", "dark"):
            yield Look(
                name=f"{size}-{shade}",
                width=width,
                height=height,
                scale=scale,
                phone=size == "phone",
                dark=shade == "dark",
            )


LOOKS = tuple(_looks())
