"""The varied orders a first start sends itself, so that every page and port has something to show."""

from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files

from dicomfabd.intake.client import Answer, MllpClient
from dicomfabd.store.templates_interface import Template


def sample_templates() -> list[Template]:
    """Give the samples as templates; `{now}` in them stands for the time they are used."""
    folder = files("dicomfabd") / "samples"
    items = sorted((item for item in folder.iterdir() if item.name.endswith(".hl7")), key=lambda item: item.name)
    return [
        Template(item.name[3:].removesuffix(".hl7").replace("-", " "), "hl7", item.read_text(encoding="utf-8"))
        for item in items
    ]


def sample_messages(now: datetime) -> Iterator[tuple[str, bytes]]:
    """Give (name, message) of each sample, dated now."""
    folder = files("dicomfabd") / "samples"
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.name.endswith(".hl7"):
            text = item.read_text(encoding="utf-8").replace("{now}", now.strftime("%Y%m%d%H%M%S"))
            yield item.name, text.replace("\n", "\r").encode()


def send_samples(host: str, port: int, now: datetime) -> list[Answer]:
    """Send every sample over MLLP; raises OSError or ConnectionError when they cannot be sent."""
    with MllpClient(host, port) as client:
        return [client.send(message) for _, message in sample_messages(now)]
