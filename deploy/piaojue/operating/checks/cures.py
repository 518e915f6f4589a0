"""Commands that cure more than one fault."""

from piaojue.operating.places import Place


def started(place: Place) -> str:
    """Starts a service, or starts it anew: as deployed by systemd or compose; or the embedded suite."""
    if place.settings.broker_url.startswith("memory:"):
        return f"piaojue up --data-folder {place.settings.data_folder}"
    return f"systemctl restart piaojue@{place.service} (or: docker compose restart {place.service})"
