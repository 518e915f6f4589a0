"""The words of the templates: those of this place before the built-in ones."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
)

from notifications.domain import CHINA, ROUTES, Order, Route, Text, wording

LANGUAGES: Final = ("zh-CN", "en")
_OWN: Final = Path(__file__).parents[1] / "templates"


class Templates:
    """Writes texts from ``<language>/<notice or message>-<kind>.txt``: the title, an empty line, the text.

    ``folder``: a place's own templates, of which each goes before the built-in one of its name. They are
    trusted like a plugin. Texts are plain: whoever shows them in a page escapes them there.
    """

    def __init__(
        self, languages: Sequence[str] = LANGUAGES, *, zone: tzinfo = CHINA, folder: Path | None = None
    ) -> None:
        places = [_OWN] if folder is None else [folder, _OWN]
        self._environments = {language: _environment(language, zone, places) for language in languages}

    def write(self, order: Order) -> tuple[Text, ...]:
        """The text in each language. TemplateError: a template is missing, or asks for what is not there."""
        return tuple(self._write(language, order) for language in self._environments)

    def missing(self, routes: Iterable[Route]) -> tuple[str, ...]:
        """Templates that the routes need and that are not there; a start can refuse them all at once."""
        needed = {f"notice-{route.kind}" for route in routes if route.notice}
        needed |= {f"message-{route.kind}" for route in routes if route.roles}
        lacking = []
        for language, environment in self._environments.items():
            for template in sorted(needed):
                try:
                    environment.get_template(f"{template}.txt")
                except TemplateNotFound:
                    lacking.append(f"{language}/{template}.txt")
        return tuple(lacking)

    def _write(self, language: str, order: Order) -> Text:
        template = self._environments[language].get_template(f"{order.template}.txt")
        written = template.render(order.data, role=order.role, unit=order.unit).strip()
        title, _, text = written.partition("\n\n")
        return Text.fitted(language, title, text)


def _environment(language: str, zone: tzinfo, places: Iterable[Path]) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(place / language) for place in places]),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_in_one_paragraph,
    )
    environment.filters.update(wording(language, zone))
    return environment


def _in_one_paragraph(value: object) -> object:
    """A value may have lines, but none of them is empty: it cannot begin a paragraph, nor end the title."""
    if not isinstance(value, str) or len(lines := value.splitlines()) < 2:
        return value
    return "\n".join(line for each in lines if (line := each.strip()))


def templates_for(settings: Any) -> Templates:
    """The templates that a service writes with. ValueError: one is missing, or cannot be read."""
    templates = Templates(settings.languages, folder=settings.templates_folder)
    try:
        missing = templates.missing(ROUTES.values())
    except TemplateError as fault:
        raise ValueError(f"a template cannot be read: {fault}") from fault
    if missing:
        raise ValueError(f"templates are missing: {', '.join(missing)}")
    return templates
