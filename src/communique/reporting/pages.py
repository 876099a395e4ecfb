"""The templates that pages are made of: everything put into one is escaped, and a name that is missing is an error."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from communique.reporting.leaderboard import Estimate


def page_environment() -> Environment:
    """Where the HTML templates of this room are found, and how they are read."""
    environment = Environment(
        loader=PackageLoader("communique.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["estimate"] = lambda cell: isinstance(cell, Estimate)
    return environment


def rendered(template: str, **content: Any) -> str:
    """A template filled in."""
    return page_environment().get_template(template).render(**content)
