"""Everything that may differ between two deployments, read once and validated together."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from payments.domain.approval import read_approval_limits
from payments_infra.constructs.address_plan import vpc_range
from payments_infra.constructs.nat import NatMode
from payments_infra.profiles import PRODUCTION, PROFILES, SANDBOX, Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROJECT = "payments"

LONGEST_SUFFIX = 20
"""So short that every name of the stack stays under its AWS limit; the longest is a role's."""

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")
_NUMBER = re.compile("[0-9]{1,9}")
_SUFFIX = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_IMAGE = re.compile(r"ami-[0-9a-f]{8,17}")
_BUCKET = re.compile(r"(?!.*\.\.)(?!\d+(\.\d+){3}$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_URL_RULE = "an https:// address on port 443, without password, query or fragment (http:// only on loopback)"
_TAKEN_AS_WRITTEN = ("ALARM_EMAIL", "CUSTOMER_EMAIL", "BACK_OFFICE_EMAIL", "WEBHOOK_URL", "GATEWAY_URL")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsError(ValueError):
    """One setting or several are wrong; the message names each, what it must be and what it was."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"these settings need mending:\n{lines}\ndocs/settings.md describes every setting.")


@dataclass(frozen=True, kw_only=True)
class StateBackend:
    """An S3 bucket for Terraform's state, locked natively."""

    bucket: str
    region: str


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Who and what a deployment belongs to; becomes the default tags. Blank parts make no tag."""

    repository: str = ""
    commit_author: str = ""
    pr_number: str = ""
    team: str = ""
    cost_center: str = ""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One deployment.

    Args:
        environment_suffix: keeps environments apart; part of every name.
        region: AWS region.
        profile: sizes and safeguards that belong together; see ``profiles.py``.
        nat: how private subnets reach the internet.
        nat_image_id: image of NAT instances; None takes what AWS publishes when an instance is made.
        shared_key: one KMS key for everything instead of four.
        vpc_cidr: address range of the VPC.
        zones: number of availability zones.
        state_backend: where Terraform keeps its state; None is a local file.
        ownership: default tags.
        alarm_email: who is told when an alarm rings.
        customer_email: who is told of every finished payment.
        back_office_email: who is asked for approvals and told of batches and orchestrated payments.
        webhook_url: where signed notifications are posted; None posts none.
        gateway_url: the payment gateway's address; None uses the simulator.
        gateway_key_retention_hours: how long the gateway remembers an idempotency key.
        batch_concurrency: most parts of one file, of 10,000 rows each, that are entered at once.
        batch_reserved_concurrency: most parts of all files at once, kept for them from the account's; 0 keeps none.
        batch_rejected_alarm_percent: rings when a larger part of a file's rows was rejected.
        approval_limits: up to which amount of which currency an orchestrated payment needs no approval.
        approval_timeout_minutes: how long an approval is waited for.
        api_log_role: make this stack keep the role by which API Gateway writes logs, one per account and region.
    """

    environment_suffix: str
    region: str
    profile: Profile
    nat: NatMode
    nat_image_id: str | None
    shared_key: bool
    vpc_cidr: str
    zones: int
    state_backend: StateBackend | None
    ownership: Ownership
    alarm_email: str | None
    customer_email: str | None
    back_office_email: str | None
    webhook_url: str | None
    gateway_url: str | None
    gateway_key_retention_hours: int
    batch_concurrency: int
    batch_reserved_concurrency: int
    batch_rejected_alarm_percent: int
    approval_limits: str
    approval_timeout_minutes: int
    api_log_role: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Return the settings ``environment`` describes.

        Raises:
            SettingsError: at least one is wrong; all that are wrong are named.
        """
        return _Reader(environment).settings()


class _Reader:
    """Reads one variable after another and keeps every problem for one answer."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._problems: list[str] = []

    def settings(self) -> Settings:
        suffix = self._suffix()
        profile = self._profile(suffix)
        settings = Settings(
            environment_suffix=suffix,
            region=self._matching("AWS_REGION", _REGION, "an AWS region such as eu-central-1", default="us-east-1"),
            profile=profile,
            nat=self._nat(profile.nat),
            nat_image_id=self._optional("NAT_IMAGE_ID", _IMAGE.fullmatch, "an image id such as ami-0123456789abcdef0"),
            shared_key=self._switch("SHARED_KEY"),
            vpc_cidr=self._checked("VPC_CIDR", _is_vpc_range, "a private IPv4 range from /16 to /24", "10.0.0.0/16"),
            zones=self._number("AVAILABILITY_ZONES", least=1, most=6, default=profile.zones),
            state_backend=self._state_backend(),
            ownership=self._ownership(),
            alarm_email=self._optional("ALARM_EMAIL", _EMAIL.fullmatch, "an e-mail address"),
            customer_email=self._optional("CUSTOMER_EMAIL", _EMAIL.fullmatch, "an e-mail address"),
            back_office_email=self._optional("BACK_OFFICE_EMAIL", _EMAIL.fullmatch, "an e-mail address"),
            webhook_url=self._optional("WEBHOOK_URL", _is_safe_url, _URL_RULE),
            gateway_url=self._optional("GATEWAY_URL", _is_safe_url, _URL_RULE),
            gateway_key_retention_hours=self._number("GATEWAY_KEY_RETENTION_HOURS", least=1, most=8760, default=24),
            batch_concurrency=self._number("BATCH_CONCURRENCY", least=1, most=1000, default=10),
            batch_reserved_concurrency=self._number("BATCH_RESERVED_CONCURRENCY", least=0, most=10_000, default=0),
            batch_rejected_alarm_percent=self._number("BATCH_REJECTED_ALARM_PERCENT", least=0, most=99, default=10),
            approval_limits=self._checked(
                "APPROVAL_LIMITS",
                _are_limits,
                "amounts by ISO 4217 code, such as USD=10000,EUR=7500.50",
                "USD=10000,EUR=10000,GBP=10000",
            ),
            approval_timeout_minutes=self._number("APPROVAL_TIMEOUT_MINUTES", least=1, most=129_600, default=1440),
            api_log_role=self._switch("API_LOG_ROLE"),
        )
        self._refuse_templates()
        if profile is PRODUCTION and settings.gateway_url is None:
            self._problems.append(
                "GATEWAY_URL must be set where PROFILE is production: the simulator moves no money (got nothing)"
            )
        if settings.nat is NatMode.NONE:
            self._refuse_unreachable("WEBHOOK_URL", settings.webhook_url)
            self._refuse_unreachable("GATEWAY_URL", settings.gateway_url)
        if self._problems:
            raise SettingsError(self._problems)
        return settings

    def _text(self, name: str, default: str = "") -> str:
        return self._environment.get(name, "").strip() or default

    def _refuse(self, name: str, rule: str, got: str) -> None:
        self._problems.append(f"{name} must be {rule} (got {got!r})")

    def _refuse_templates(self) -> None:
        # Terraform would read them as its own: https://developer.hashicorp.com/terraform/language/expressions/strings
        for name in _TAKEN_AS_WRITTEN:
            text = self._text(name)
            if "${" in text or "%{" in text:
                self._refuse(name, "without ${ and %{, which Terraform would fill in", text)

    def _refuse_unreachable(self, name: str, url: str | None) -> None:
        if url and urlsplit(url).hostname not in _LOOPBACK:
            self._refuse(name, "blank where NAT_MODE is none: without a NAT no function reaches it", url)

    def _suffix(self) -> str:
        suffix = self._text("ENVIRONMENT_SUFFIX", "dev")
        if suffix.startswith("dead-letters"):
            self._refuse("ENVIRONMENT_SUFFIX", "another one: queues of dead letters are called so", suffix)
        if len(suffix) > LONGEST_SUFFIX or not _SUFFIX.fullmatch(suffix):
            rule = f"at most {LONGEST_SUFFIX} lower-case letters, digits and single hyphens between them"
            self._refuse("ENVIRONMENT_SUFFIX", rule, suffix)
        return suffix

    def _profile(self, suffix: str) -> Profile:
        by_suffix = suffix if suffix in PROFILES else SANDBOX.name
        name = self._text("PROFILE", by_suffix)
        if name not in PROFILES:
            self._refuse("PROFILE", f"one of {', '.join(sorted(PROFILES))}", name)
        return PROFILES.get(name, SANDBOX)

    def _nat(self, default: NatMode) -> NatMode:
        text = self._text("NAT_MODE", default)
        if text not in list(NatMode):
            self._refuse("NAT_MODE", f"one of {', '.join(NatMode)}", text)
            return default
        return NatMode(text)

    def _matching(self, name: str, pattern: re.Pattern[str], rule: str, default: str) -> str:
        return self._checked(name, pattern.fullmatch, rule, default)

    def _checked(self, name: str, holds: Callable[[str], object], rule: str, default: str) -> str:
        text = self._text(name, default)
        if not holds(text):
            self._refuse(name, rule, text)
        return text

    def _optional(self, name: str, holds: Callable[[str], object], rule: str) -> str | None:
        text = self._text(name)
        if text and not holds(text):
            self._refuse(name, rule, text)
        return text or None

    def _number(self, name: str, *, least: int, most: int, default: int) -> int:
        text = self._text(name, str(default))
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            self._refuse(name, f"a whole number from {least} to {most}", text)
            return default
        return int(text)

    def _switch(self, name: str, *, default: bool = False) -> bool:
        text = self._text(name, str(default)).lower()
        if text not in {"true", "false"}:
            self._refuse(name, "true or false", text)
        return text == "true"

    def _state_backend(self) -> StateBackend | None:
        bucket = self._text("TERRAFORM_STATE_BUCKET")
        region = self._text("TERRAFORM_STATE_BUCKET_REGION", self._text("AWS_REGION", "us-east-1"))
        if not bucket:
            if self._text("TERRAFORM_STATE_BUCKET_REGION"):
                self._refuse("TERRAFORM_STATE_BUCKET", "set where TERRAFORM_STATE_BUCKET_REGION is", "")
            return None
        if not _BUCKET.fullmatch(bucket):
            self._refuse("TERRAFORM_STATE_BUCKET", "the name of an S3 bucket", bucket)
        if not _REGION.fullmatch(region):
            self._refuse("TERRAFORM_STATE_BUCKET_REGION", "an AWS region such as eu-central-1", region)
        return StateBackend(bucket=bucket, region=region)

    def _ownership(self) -> Ownership:
        values = {field.name: self._text(field.name.upper()) for field in fields(Ownership)}
        for name, value in values.items():
            if not _is_tag_value(value):
                rule = "at most 256 letters, digits, spaces and . : / = + - @ _ (a tag's value)"
                self._refuse(name.upper(), rule, value)
        return Ownership(**values)


def _is_vpc_range(text: str) -> bool:
    try:
        vpc_range(text)
    except ValueError:
        return False
    return True


def _are_limits(text: str) -> bool:
    try:
        return bool(read_approval_limits(text))
    except ValueError:
        return False


def _is_safe_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    host = url.hostname or ""
    if "@" in url.netloc or url.fragment or url.query:
        return False
    if host in _LOOPBACK:
        return url.scheme in {"http", "https"}
    # Functions may leave the network by 443 only.
    return url.scheme == "https" and port in {None, 443} and _HOST.fullmatch(host) is not None


def _is_tag_value(text: str) -> bool:
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    return len(text) <= 256 and re.fullmatch(r"[\w .:/=+\-@]*", text) is not None  # noqa: PLR2004 - AWS's limit
