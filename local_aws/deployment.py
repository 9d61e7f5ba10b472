"""What a caller must know of a local deployment, and where it is kept between commands."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local_aws import account


@dataclass(frozen=True)
class Deployment:
    """A deployed stack. `api_url` answers on loopback; `outputs` are Terraform's, as they would be on AWS."""

    endpoint_url: str
    api_url: str
    api_key: str
    region: str
    outputs: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the object that `scripts/local up --json` prints."""
        return asdict(self)


@dataclass(frozen=True)
class Record:
    """The deployment that was applied last, with a digest of all that it was made of."""

    file: Path

    def read(self, endpoint_url: str | None) -> tuple[str, Deployment] | None:
        """Return digest and deployment, unless that account is gone: a restarted emulator is empty."""
        if endpoint_url is None or not self.file.is_file():
            return None
        try:
            kept = json.loads(self.file.read_text())
            deployment = Deployment(**kept["deployment"])
        except (ValueError, LookupError, TypeError):
            return None  # cut off while it was written, or somebody else's: what is deployed is deployed again
        return (kept["digest"], deployment) if deployment.endpoint_url == endpoint_url else None

    def write(self, digest: str, deployment: Deployment) -> None:
        """Keep a deployment that is complete."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(json.dumps({"digest": digest, "deployment": deployment.to_json()}, indent=2))
        draft.replace(self.file)

    def forget(self) -> None:
        """Drop it: what comes next is not complete yet, or gone."""
        self.file.unlink(missing_ok=True)


def describe(endpoint_url: str, region: str, outputs: Mapping[str, Any]) -> Deployment:
    """Complete Terraform's outputs by what only the local account knows."""
    return Deployment(
        endpoint_url=endpoint_url,
        api_url=loopback_url(endpoint_url, outputs["api_url"]),
        api_key=account.api_key_value(endpoint_url, region, outputs["api_key_id"]),
        region=region,
        outputs=outputs,
    )


def loopback_url(endpoint_url: str, api_url: str) -> str:
    """Turn API Gateway's own URL into the one under which the emulator serves it."""
    parts = urlsplit(api_url)
    api_id = str(parts.hostname).split(".", maxsplit=1)[0]
    return f"{endpoint_url}/_aws/execute-api/{api_id}{parts.path}".rstrip("/")
