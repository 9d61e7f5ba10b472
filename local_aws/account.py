"""What the local AWS account holds besides Terraform's outputs."""

import base64
import os
import secrets

import boto3
import botocore.session
from botocore.config import Config

from local_aws.credentials import ACCOUNT_ID

SECRET_BYTES = 24  # the least that the Standard Webhooks specification allows

DIRECT = Config(proxies={}, retries={"total_max_attempts": 3})
"""A client's configuration: no proxy lies between this machine and itself."""


def session(region: str) -> boto3.Session:
    """Return an SDK session with the emulator's credentials; the user's profiles are neither used nor read."""
    # Each is (name in the configuration file, environment variable, default, conversion).
    nowhere = (None, None, os.devnull, None)
    variables = {"profile": (None, None, None, None), "config_file": nowhere, "credentials_file": nowhere}
    bare = botocore.session.Session(session_vars=variables)
    return boto3.Session(
        aws_access_key_id=ACCOUNT_ID,
        aws_secret_access_key="local",  # noqa: S106 - the emulator takes any
        region_name=region,
        botocore_session=bare,
    )


def api_key_value(endpoint_url: str, region: str, key_id: str) -> str:
    """Return the value that callers send for an API key."""
    client = session(region).client("apigateway", endpoint_url=endpoint_url, config=DIRECT)
    return client.get_api_key(apiKey=key_id, includeValue=True)["value"]


def webhook_secret(endpoint_url: str, region: str, name: str) -> str:
    """Return the signing secret stored under `name`; make one up where an operator would have put one in."""
    client = session(region).client("secretsmanager", endpoint_url=endpoint_url, config=DIRECT)
    try:
        return client.get_secret_value(SecretId=name)["SecretString"]
    except client.exceptions.ResourceNotFoundException:
        secret = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
        client.put_secret_value(SecretId=name, SecretString=secret)
        return secret
