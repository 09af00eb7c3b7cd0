"""Where the page finds the React bundle: the URL comes from the manifest of this very release."""

import functools
import json

from django.conf import settings

ENTRY = "src/main.jsx"


@functools.cache
def urls() -> dict[str, list[str]]:
    """`{"scripts": […], "styles": […]}`; both empty where the release has no manifest (a worker, a fresh checkout)."""
    try:
        manifest = json.loads(settings.BUNDLE_MANIFEST.read_text())
    except FileNotFoundError:
        return {"scripts": [], "styles": []}
    entry = manifest[ENTRY]
    return {
        "scripts": [settings.BUNDLE_URL + entry["file"]],
        "styles": [settings.BUNDLE_URL + name for name in entry.get("css", [])],
    }
