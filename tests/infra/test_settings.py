from __future__ import annotations

import pytest

from payments_infra.constructs.nat import NatMode
from payments_infra.profiles import PRODUCTION, SANDBOX, STAGING
from payments_infra.settings import LONGEST_SUFFIX, Settings, SettingsError, StateBackend


def read(**environment: str) -> Settings:
    return Settings.from_environment(environment)


def test_an_empty_environment_describes_a_sandbox_called_dev_in_us_east_1_with_local_state() -> None:
    settings = read()
    assert (settings.environment_suffix, settings.region, settings.profile) == ("dev", "us-east-1", SANDBOX)
    assert settings.state_backend is None
    assert settings.webhook_url is None
    assert settings.gateway_url is None


def test_every_mistake_is_named_in_one_answer() -> None:
    with pytest.raises(SettingsError) as caught:
        read(
            ENVIRONMENT_SUFFIX="Has Spaces",
            AWS_REGION="the moon",
            VPC_CIDR="8.8.8.0/24",
            AVAILABILITY_ZONES="many",
            NAT_MODE="pigeon",
            NAT_IMAGE_ID="latest",
            SHARED_KEY="1",
            PROFILE="huge",
            TERRAFORM_STATE_BUCKET="No_Bucket",
            TERRAFORM_STATE_BUCKET_REGION="mars",
            TEAM="a" * 257,
            ALARM_EMAIL="nobody",
            CUSTOMER_EMAIL="nobody",
            WEBHOOK_URL="http://example.com",
            GATEWAY_URL="ftp://example.com",
            GATEWAY_KEY_RETENTION_HOURS="0",
            BACK_OFFICE_EMAIL="nobody",
            BATCH_CONCURRENCY="0",
            BATCH_REJECTED_ALARM_PERCENT="100",
            BATCH_RESERVED_CONCURRENCY="some",
            APPROVAL_LIMITS="USD=much",
            APPROVAL_TIMEOUT_MINUTES="129601",
            API_LOG_ROLE="perhaps",
        )
    named = [problem.split()[0] for problem in caught.value.problems]
    assert sorted(named) == [
        "ALARM_EMAIL",
        "API_LOG_ROLE",
        "APPROVAL_LIMITS",
        "APPROVAL_TIMEOUT_MINUTES",
        "AVAILABILITY_ZONES",
        "AWS_REGION",
        "BACK_OFFICE_EMAIL",
        "BATCH_CONCURRENCY",
        "BATCH_REJECTED_ALARM_PERCENT",
        "BATCH_RESERVED_CONCURRENCY",
        "CUSTOMER_EMAIL",
        "ENVIRONMENT_SUFFIX",
        "GATEWAY_KEY_RETENTION_HOURS",
        "GATEWAY_URL",
        "NAT_IMAGE_ID",
        "NAT_MODE",
        "PROFILE",
        "SHARED_KEY",
        "TEAM",
        "TERRAFORM_STATE_BUCKET",
        "TERRAFORM_STATE_BUCKET_REGION",
        "VPC_CIDR",
        "WEBHOOK_URL",
    ]
    assert all("(got " in problem for problem in caught.value.problems)


@pytest.mark.parametrize("suffix", ["pr-123", "a", "a" * LONGEST_SUFFIX])
def test_a_suffix_of_lower_case_letters_digits_and_single_hyphens_is_taken(suffix: str) -> None:
    assert read(ENVIRONMENT_SUFFIX=suffix).environment_suffix == suffix


@pytest.mark.parametrize(
    "suffix", ["a" * (LONGEST_SUFFIX + 1), "Dev", "a--b", "-a", "a-", "a_b", "a.b", "ä", "dead-letters-dev"]
)
def test_a_suffix_that_would_break_an_aws_name_is_refused(suffix: str) -> None:
    with pytest.raises(SettingsError, match="ENVIRONMENT_SUFFIX"):
        read(ENVIRONMENT_SUFFIX=suffix)


@pytest.mark.parametrize(
    ("suffix", "profile"), [("prod", PRODUCTION), ("production", PRODUCTION), ("staging", STAGING), ("pr-7", SANDBOX)]
)
def test_the_suffix_names_the_profile_unless_one_is_set(suffix: str, profile: object) -> None:
    assert read(ENVIRONMENT_SUFFIX=suffix, GATEWAY_URL="https://pay.example").profile is profile
    assert read(ENVIRONMENT_SUFFIX=suffix, PROFILE="sandbox").profile is SANDBOX


def test_production_is_refused_on_the_simulator_because_it_moves_no_money() -> None:
    with pytest.raises(SettingsError, match="GATEWAY_URL must be set"):
        read(ENVIRONMENT_SUFFIX="prod")


def test_production_keeps_data_and_logs_longer_than_the_others() -> None:
    assert PRODUCTION.retain_data
    assert not SANDBOX.retain_data
    assert PRODUCTION.log_retention_days > STAGING.log_retention_days > SANDBOX.log_retention_days


def test_the_state_bucket_takes_the_deployment_region_unless_it_has_its_own() -> None:
    """Defect: Hard-coded places."""
    assert read(TERRAFORM_STATE_BUCKET="states", AWS_REGION="eu-west-1").state_backend == StateBackend(
        bucket="states", region="eu-west-1"
    )
    assert read(TERRAFORM_STATE_BUCKET="states", TERRAFORM_STATE_BUCKET_REGION="us-west-2").state_backend == (
        StateBackend(bucket="states", region="us-west-2")
    )


def test_a_state_region_without_a_bucket_is_refused() -> None:
    with pytest.raises(SettingsError, match="TERRAFORM_STATE_BUCKET must be set"):
        read(TERRAFORM_STATE_BUCKET_REGION="us-west-2")


def test_blank_variables_count_as_absent() -> None:
    assert read(ENVIRONMENT_SUFFIX=" ", TERRAFORM_STATE_BUCKET="", WEBHOOK_URL="  ") == read()


@pytest.mark.parametrize("url", ["https://hooks.example/payments", "http://127.0.0.1:8080/hook"])
def test_webhooks_go_over_tls_except_on_loopback(url: str) -> None:
    assert read(WEBHOOK_URL=url).webhook_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example",
        "https://user:secret@hooks.example",
        "https://:secret@hooks.example",
        "https://hooks.example:8443",
        "https://hooks.example:99999",
        "https://hooks.example:abc/",
        "https://hooks example.com",
        "https://hooks.example?x=1",
        "https://",
        "hooks",
    ],
)
def test_an_unsafe_webhook_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="WEBHOOK_URL"):
        read(WEBHOOK_URL=url)


@pytest.mark.parametrize("mode", list(NatMode))
def test_every_nat_mode_can_be_chosen(mode: NatMode) -> None:
    assert read(NAT_MODE=mode.value).nat is mode


def test_the_owner_becomes_tags_and_a_tag_aws_would_refuse_is_refused() -> None:
    assert read(REPOSITORY="acme/payments", COMMIT_AUTHOR="Ada").ownership.commit_author == "Ada"
    with pytest.raises(SettingsError, match="COMMIT_AUTHOR"):
        read(COMMIT_AUTHOR="Ada <script>")


@pytest.mark.parametrize("name", ["WEBHOOK_URL", "GATEWAY_URL"])
def test_without_a_nat_nobody_outside_can_be_called(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read(NAT_MODE="none", **{name: "https://outside.example"})


def test_the_accounts_logging_role_is_kept_by_one_stack_that_says_so() -> None:
    assert not read().api_log_role
    assert read(API_LOG_ROLE="true").api_log_role


@pytest.mark.parametrize("cidr", ["127.0.0.0/16", "8.8.8.0/24", "10.0.0.0/8", "10.0.0.0/25", "10.0.0.1/16", "ten"])
def test_an_address_range_no_vpc_can_have_is_refused(cidr: str) -> None:
    with pytest.raises(SettingsError, match="VPC_CIDR"):
        read(VPC_CIDR=cidr)


def test_one_key_for_everything_is_a_choice_that_is_spelled_out() -> None:
    assert not read().shared_key
    assert read(SHARED_KEY="true").shared_key


def test_a_payment_of_ten_thousand_needs_no_approval_and_one_is_waited_for_a_day_unless_told() -> None:
    assert (read().approval_limits, read().approval_timeout_minutes) == ("USD=10000,EUR=10000,GBP=10000", 1440)
    assert read(APPROVAL_LIMITS="JPY=5000", APPROVAL_TIMEOUT_MINUTES="2").approval_limits == "JPY=5000"


@pytest.mark.parametrize("limits", ["10000", "USD", "USD=0", "USD=-1", "US=1", "USD=1,USD=2", "XXQ=1", "USD=1;EUR=2"])
def test_limits_no_function_could_read_are_refused(limits: str) -> None:
    with pytest.raises(SettingsError, match="APPROVAL_LIMITS must be amounts by ISO 4217 code"):
        read(APPROVAL_LIMITS=limits)


def test_no_runs_are_kept_for_files_unless_told_for_a_new_account_has_none_to_give() -> None:
    assert read().batch_reserved_concurrency == 0
    assert read(BATCH_RESERVED_CONCURRENCY="40").batch_reserved_concurrency == 40


def test_ten_parts_of_a_file_at_once_and_a_tenth_of_its_rows_rejected_are_normal_unless_told() -> None:
    assert (read().batch_concurrency, read().batch_rejected_alarm_percent) == (10, 10)
    assert read(BATCH_CONCURRENCY="40", BATCH_REJECTED_ALARM_PERCENT="0").batch_concurrency == 40


@pytest.mark.parametrize("name", ["ALARM_EMAIL", "CUSTOMER_EMAIL", "BACK_OFFICE_EMAIL", "WEBHOOK_URL", "GATEWAY_URL"])
@pytest.mark.parametrize("template", ["${var.nope}", "%{if}"])
def test_what_terraform_would_fill_in_is_refused(name: str, template: str) -> None:
    text = f"https://a.example/{template}" if name.endswith("URL") else f"ada{template}@b.example"
    with pytest.raises(SettingsError, match=rf"{name} must be without"):
        read(**{name: text})


@pytest.mark.parametrize("bucket", ["a..b", "192.168.0.1", "-ab", "ab"])
def test_a_bucket_s3_could_not_have_is_refused(bucket: str) -> None:
    with pytest.raises(SettingsError, match="TERRAFORM_STATE_BUCKET"):
        read(TERRAFORM_STATE_BUCKET=bucket)


def test_a_number_of_any_length_is_refused_in_words() -> None:
    with pytest.raises(SettingsError, match="BATCH_CONCURRENCY must be a whole number from 1 to 1000"):
        read(BATCH_CONCURRENCY="9" * 5_000)


def test_a_region_of_the_european_sovereign_cloud_is_a_region() -> None:
    assert read(AWS_REGION="eusc-de-east-1").region == "eusc-de-east-1"
