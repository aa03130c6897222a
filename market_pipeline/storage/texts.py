"""Text as PostgreSQL takes it."""


def storable(text: str) -> str:
    """Somebody else's words without NUL and halves of surrogate pairs, which no text in PostgreSQL can hold."""
    return text.replace("\0", "").encode(errors="replace").decode()
