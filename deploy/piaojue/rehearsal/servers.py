"""A region as its operator rehearses in it: each service at its own address, with the operator's key."""

from pathlib import Path
from typing import TYPE_CHECKING

from piaojue.rehearsal.client import RehearsalFailed, Suite, tokens_of

if TYPE_CHECKING:
    from piaojue.operating.places import Place


def region_of(folder: Path) -> Suite:
    """``folder`` is what ``piaojue region init`` made. Raises RehearsalFailed; ends the command with 2 and
    all faults of the configuration."""
    from piaojue.operating.places import places
    from piaojue.own_key import KEY_FILE
    from piaojue.region.files import CONFIGURATION

    configuration = folder / CONFIGURATION
    if not configuration.is_file():
        raise RehearsalFailed(f"{folder} is no region's folder: it has no {CONFIGURATION}")
    found = places(configuration, None)
    settings = found[0].settings
    tokens = tokens_of(folder / "operator" / KEY_FILE, settings.issuer, settings.audience)
    own = {place.service: _base(place) for place in found}
    return Suite(f"the region {settings.region}", tokens, own)


def _base(place: "Place") -> str:
    from piaojue.operating.gathering import url_of

    url = url_of(place)
    if url is None:
        raise RehearsalFailed(f"it is not known at which port {place.service} answers: set http_address")
    return url.removesuffix(f"/{place.service}")
