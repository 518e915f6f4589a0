"""The pages show the examples as they are, so that what is tested is what is read."""

import re

import pytest

from tests.support.generate import TOP

SHOWN = re.compile(
    r"^\[`?[^\]]*\]\((examples/[\w./-]+)\)[^\n]*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
PAGES = ("consuming-events", "webhooks")
EXAMPLES = {
    str(path.relative_to(TOP / "docs"))
    for path in (TOP / "docs/examples").rglob("*")
    if path.suffix in (".py", ".js", ".sh") and "node_modules" not in path.parts
}


def shown(page):
    return dict(SHOWN.findall((TOP / f"docs/{page}.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES)
def test_the_page_shows_the_examples_as_they_are(page):
    assert shown(page)
    for file, text in shown(page).items():
        assert text == (TOP / "docs" / file).read_text(encoding="utf-8"), file


def test_every_example_is_on_a_page():
    assert {file for page in PAGES for file in shown(page)} == EXAMPLES


@pytest.mark.parametrize("page", PAGES)
def test_links_of_the_page_lead_somewhere(page):
    text = (TOP / f"docs/{page}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (TOP / "docs" / target).exists(), target
