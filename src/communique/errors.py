"""The one exception for a user's mistake: a sentence that says what was found, where, and what to do."""


class CommuniqueError(Exception):
    """A mistake in what was given to Communique, told in one sentence; the command line prints it and exits 2."""


def missing_extra(extra: str, package: str) -> CommuniqueError:
    """The sentence for a feature whose optional packages are not installed."""
    return CommuniqueError(
        f"This needs the package {package}, which is not installed: pip install 'communique[{extra}]'."
    )
