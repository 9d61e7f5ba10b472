"""A secret from Secrets Manager, read again every few minutes: a rotated one is taken up without a deployment."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager.client import SecretsManagerClient


class SecretUnreadable(Exception):
    """Secrets Manager did not give the secret's text; whatever needs it has not been sent."""


class RotatingSecret:
    """Call it to get the secret's current text; needs ``secretsmanager:GetSecretValue``.

    A value is kept for ``kept_for_seconds`` by ``monotonic``'s reckoning. Threads that ask at once cause one request.
    """

    def __init__(
        self,
        client: SecretsManagerClient,
        arn: str,
        *,
        kept_for_seconds: float = 300,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._arn = arn
        self._kept_for_seconds = kept_for_seconds
        self._monotonic = monotonic
        self._lock = Lock()
        self._text = ""
        self._stale_at = float("-inf")

    def __call__(self) -> str:
        """Return the secret's text.

        Raises:
            SecretUnreadable: it cannot be had now; the next call asks again.
        """
        with self._lock:
            if self._monotonic() >= self._stale_at:
                self._text = self._read()
                self._stale_at = self._monotonic() + self._kept_for_seconds
            return self._text

    def _read(self) -> str:
        try:
            return self._client.get_secret_value(SecretId=self._arn)["SecretString"]
        except (BotoCoreError, ClientError) as error:
            raise SecretUnreadable(f"the secret {self._arn} cannot be read: {error}") from error
        except KeyError as error:
            raise SecretUnreadable(f"the secret {self._arn} is binary; store it as text") from error
