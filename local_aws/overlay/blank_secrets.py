"""Secrets that hold nothing yet: AWS says that there is no value, MiniStack answers with a value that isn't there.

AWS: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html (ResourceNotFoundException).
A secret that an operator still has to fill in must look the same here.
"""

from typing import Any

from ministack.services import secretsmanager


def apply() -> None:
    """Find no version that has no content."""
    find = secretsmanager._find_stage_version

    def find_filled_version(secret: Any, stage: str) -> Any:
        name, version = find(secret, stage)
        filled = version and (version.get("SecretString") or version.get("SecretBinary")) is not None
        return (name, version) if filled else (None, None)

    secretsmanager._find_stage_version = find_filled_version
