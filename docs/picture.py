"""Take the README's picture of a scored page: its first document, with one sentence opened.

Usage: python docs/picture.py reports/example.html docs/example.png "Sanctions have never"
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main(page: str, out: str, sentence: str) -> None:
    """Needs the extra ``dev`` and chromium; ``sentence`` begins the one to open."""
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1200, "height": 860}, color_scheme="light")
        view.goto(Path(page).absolute().as_uri())
        view.locator("article .s", has_text=sentence).first.click()
        view.evaluate("scrollTo(0, document.querySelector('article').offsetTop - 66)")
        view.wait_for_timeout(300)
        view.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
