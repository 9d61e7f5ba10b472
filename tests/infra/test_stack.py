"""What must hold across the whole stack, whatever single constructs promise."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from functions.dispatcher import handler as dispatcher
from payments.runtime.telemetry import FAILED_RECORDS_METRIC
from payments.use_cases import process, reconcile, wake
from payments.use_cases.batches import register, settle
from payments_infra.constructs.api_log_role import LOG_ACTIONS
from payments_infra.constructs.state_machine import LOG_DELIVERY
from payments_infra.settings import LONGEST_SUFFIX
from payments_infra.workers import METRICS_NAMESPACE
from tests.infra.whole_stack import (
    address_of,
    everything,
    keys_by_address,
    many,
    referred,
    statements_of,
    whole_stack,
)

if TYPE_CHECKING:
    from tests.infra.template import Body, Template

PRODUCTION = {
    "ENVIRONMENT_SUFFIX": "prod",
    "GATEWAY_URL": "https://gateway.example",
    "WEBHOOK_URL": "https://hook.example",
}

WILDCARDS_WITH_REASONS = {
    **dict.fromkeys(LOG_ACTIONS, "API Gateway's one role is for the logs of every API of the account"),
    **dict.fromkeys(LOG_DELIVERY, "the delivery of a workflow's logs has no resources"),
    "xray:GetSamplingRules": "X-Ray has no resources",
    "xray:GetSamplingTargets": "X-Ray has no resources",
    "xray:PutTelemetryRecords": "X-Ray has no resources",
    "xray:PutTraceSegments": "X-Ray has no resources",
    "ec2:AssignPrivateIpAddresses": "a function in a VPC makes interfaces that do not exist yet",
    "ec2:CreateNetworkInterface": "a function in a VPC makes interfaces that do not exist yet",
    "ec2:DeleteNetworkInterface": "a function in a VPC makes interfaces that do not exist yet",
    "ec2:DescribeNetworkInterfaces": "describing has no resources",
    "ec2:DescribeSubnets": "describing has no resources",
    "ec2:UnassignPrivateIpAddresses": "a function in a VPC makes interfaces that do not exist yet",
    "ssm:UpdateInstanceInformation": "the agent names no resource",
    "ssmmessages:CreateControlChannel": "Session Manager channels have no resources",
    "ssmmessages:CreateDataChannel": "Session Manager channels have no resources",
    "ssmmessages:OpenControlChannel": "Session Manager channels have no resources",
    "ssmmessages:OpenDataChannel": "Session Manager channels have no resources",
}


@pytest.fixture(params=[{}, PRODUCTION], ids=["dev", "production"])
def template(request: pytest.FixtureRequest) -> Template:
    return whole_stack(**request.param)


def main_queues(template: Template) -> dict[str, Body]:
    return {
        f"aws_sqs_queue.{name}": body
        for name, body in template.resources("aws_sqs_queue").items()
        if "redrive_policy" in body
    }


def test_every_queue_is_consumed_or_holds_what_was_given_up(template: Template) -> None:
    """Defect: Nothing consumed the queues."""
    mappings = template.resources("aws_lambda_event_source_mapping").values()
    consumed = {address_of(mapping["event_source_arn"]) for mapping in mappings}
    given_up = {address_of(queue["redrive_policy"]) for queue in main_queues(template).values()} | {
        address_of(mapping["destination_config"]) for mapping in mappings if "destination_config" in mapping
    }
    for target in template.resources("aws_cloudwatch_event_target").values():
        given_up |= set(referred(target.get("dead_letter_config", {})))
    queues = {f"aws_sqs_queue.{name}" for name in template.resources("aws_sqs_queue")}
    assert queues == (consumed & queues) | given_up
    assert not consumed & given_up


def test_every_dead_letter_queue_keeps_messages_longer_than_its_source(template: Template) -> None:
    """Defect: Nothing consumed the queues."""
    resources = everything(template)
    assert main_queues(template)
    for queue in main_queues(template).values():
        dead_letters = resources[address_of(queue["redrive_policy"])]
        assert dead_letters["message_retention_seconds"] > queue["message_retention_seconds"]


def test_every_queue_hides_a_message_six_times_as_long_as_its_consumer_may_run(template: Template) -> None:
    resources = everything(template)
    for mapping in template.resources("aws_lambda_event_source_mapping").values():
        source = resources[address_of(mapping["event_source_arn"])]
        if "visibility_timeout_seconds" in source:
            function = resources[address_of(mapping["function_name"])]
            assert source["visibility_timeout_seconds"] >= 6 * function["timeout"]


def test_the_payments_stream_has_exactly_two_readers_and_no_other_table_streams(template: Template) -> None:
    """Defect: Nothing consumed the queues."""
    streaming = {name for name, body in template.resources("aws_dynamodb_table").items() if body.get("stream_enabled")}
    readers = [
        address_of(mapping["event_source_arn"])
        for mapping in template.resources("aws_lambda_event_source_mapping").values()
        if "stream_arn" in mapping["event_source_arn"]
    ]
    assert len(streaming) == 1
    assert readers == [f"aws_dynamodb_table.{next(iter(streaming))}"] * 2


def test_every_event_source_reports_single_failures_and_every_stream_keeps_what_it_gives_up(template: Template) -> None:
    """Defect: Records lost quietly."""
    for mapping in template.resources("aws_lambda_event_source_mapping").values():
        assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
        if "stream_arn" in mapping["event_source_arn"]:
            assert mapping["destination_config"]["on_failure"]["destination_arn"]
            assert mapping["maximum_retry_attempts"] > 0


def test_every_alarm_tells_the_alarm_topic(template: Template) -> None:
    """Defect: Dead alarms."""
    alarms = template.resources("aws_cloudwatch_metric_alarm")
    topics = {one for alarm in alarms.values() for one in referred(alarm["alarm_actions"]) if "aws_sns_topic" in one}
    assert len(alarms) > 20
    for name, alarm in alarms.items():
        assert any("aws_sns_topic" in action for action in alarm["alarm_actions"]), name
        assert alarm["alarm_description"], name
    assert len(topics) == 1


def alarm(template: Template, part: str) -> Body:
    (found,) = [
        body
        for body in template.resources("aws_cloudwatch_metric_alarm").values()
        if body["alarm_name"].split("-", 1)[1].rpartition("-")[0] == part
    ]
    return found


def test_a_message_that_a_topic_could_not_deliver_rings_and_one_that_tells_of_alarms_is_shown(
    template: Template,
) -> None:
    """Defect: Dead alarms."""
    for topic in ("customers", "back-office"):
        rung = alarm(template, f"{topic}-failed-deliveries")
        (watched,) = referred(rung["dimensions"]["TopicName"])
        name = template.resource("aws_sns_topic", watched.split(".")[1])["name"]
        assert name.rpartition("-")[0] == f"payments-{topic}"
        assert (rung["metric_name"], rung["statistic"], rung["threshold"]) == ("NumberOfNotificationsFailed", "Sum", 0)
    (dashboard,) = template.resources("aws_cloudwatch_dashboard").values()
    assert re.search(r"payments-alarms-\w+ failed deliveries", json.dumps(dashboard["dashboard_body"]))


@pytest.mark.parametrize("workflow", ["batch-workflow", "payment-workflow"])
def test_a_workflow_that_fails_runs_out_of_time_is_stopped_or_throttled_rings(
    template: Template, workflow: str
) -> None:
    """Defect: Dead alarms."""
    machine = next(
        f"${{aws_sfn_state_machine.{id_}.arn}}"
        for id_, body in template.resources("aws_sfn_state_machine").items()
        if workflow in body["name"]
    )
    for part, metric in (
        ("failed", "ExecutionsFailed"),
        ("timed-out", "ExecutionsTimedOut"),
        ("aborted", "ExecutionsAborted"),
        ("throttled", "ExecutionThrottled"),
    ):
        rung = alarm(template, f"{workflow}-{part}")
        assert (rung["namespace"], rung["metric_name"]) == ("AWS/States", metric)
        assert rung["dimensions"] == {"StateMachineArn": machine}


def test_one_failed_file_rings_and_a_declined_orchestrated_payment_does_not(template: Template) -> None:
    assert alarm(template, "batch-workflow-failed")["threshold"] == 0
    assert alarm(template, "payment-workflow-failed")["threshold"] > 1


@pytest.mark.parametrize(
    ("part", "steps"),
    [
        ("payment-workflow-broken", ("ValidatePayment", "WaitForApproval", "ProcessPayment")),
        ("payment-outcome-untold", ("NotifySuccess", "PaymentFailed")),
    ],
)
def test_one_payment_that_its_workflow_could_not_bring_to_an_end_or_tell_of_rings(
    template: Template, part: str, steps: tuple[str, ...]
) -> None:
    """Defect: Dead alarms. Nothing starts such an execution again, and among declined ones it would not be seen."""
    rung = alarm(template, part)
    assert rung["threshold"] == 0
    (counted,) = [
        body
        for body in template.resources("aws_cloudwatch_log_metric_filter").values()
        if body["metric_transformation"]["name"] == rung["metric_name"]
    ]
    assert counted["metric_transformation"]["namespace"] == rung["namespace"]
    machine = next(
        body for body in template.resources("aws_sfn_state_machine").values() if "payment-workflow" in body["name"]
    )
    logging = machine["logging_configuration"]
    assert (logging["level"], address_of(logging["log_destination"])) == ("ALL", address_of(counted["log_group_name"]))
    states = json.loads(machine["definition"])["States"]
    (ringing,) = [name for name in states if f'"{name}"' in counted["pattern"]]
    assert states[ringing]["Type"] == "Pass"
    assert {states[step]["Catch"][-1]["Next"] for step in steps} == {ringing}


def test_a_file_rings_when_more_of_its_rows_are_rejected_than_the_setting_says() -> None:
    rung = alarm(whole_stack(BATCH_REJECTED_ALARM_PERCENT="25"), "batch-rows-rejected")
    assert (rung["metric_name"], rung["threshold"]) == ("BatchRowsRejectedPercent", 25)
    assert rung["comparison_operator"] == "GreaterThanThreshold"


def test_all_files_together_take_no_more_runs_than_the_setting_keeps_for_them() -> None:
    functions = whole_stack(BATCH_RESERVED_CONCURRENCY="40").resources("aws_lambda_function")
    reserved = {
        name: body["reserved_concurrent_executions"]
        for name, body in functions.items()
        if "reserved_concurrent_executions" in body
    }
    assert list(reserved.values()) == [40]
    assert all(name.startswith("ingestor") for name in reserved)


def test_a_batch_is_given_up_by_the_very_time_its_workflow_may_take(template: Template) -> None:
    machine = next(
        body for body in template.resources("aws_sfn_state_machine").values() if "batch-workflow" in body["name"]
    )
    settler = next(
        body for body in template.resources("aws_lambda_function").values() if "settler" in body["function_name"]
    )
    given_up_after_seconds = int(settler["environment"]["variables"]["LONGEST_RUN_SECONDS"])
    assert json.loads(machine["definition"])["TimeoutSeconds"] == given_up_after_seconds


def test_what_handlers_count_rings_under_the_name_they_count_it_by(template: Template) -> None:
    """Defect: Dead alarms."""
    watched = {
        (body["dimensions"]["service"], body["metric_name"])
        for body in template.resources("aws_cloudwatch_metric_alarm").values()
        if body["namespace"] == METRICS_NAMESPACE
    }
    assert watched == {
        ("processor", process.REVIEW_METRIC),
        ("charger", process.REVIEW_METRIC),
        ("sweeper", wake.OVERDUE_METRIC),
        ("reconciler", reconcile.DISCREPANCIES_METRIC),
        ("registrar", register.REJECTED_METRIC),
        ("settler", settle.OVERDUE_METRIC),
        ("dispatcher", dispatcher.NOT_TAKEN_METRIC),
        *((worker, FAILED_RECORDS_METRIC) for worker in ("dispatcher", "auditor", "processor", "notifier")),
    }


def test_a_discrepancy_rings_until_somebody_says_that_it_was_looked_into(template: Template) -> None:
    """Defect: Dead alarms."""
    rung = alarm(template, "ledger-discrepancies")
    assert (rung["threshold"], rung["treat_missing_data"]) == (0, "ignore")


def test_the_ledger_is_compared_every_day_and_two_days_without_it_ring(template: Template) -> None:
    """Defect: Dead alarms."""
    paces = {
        body["name"].split("-")[1]: body["schedule_expression"]
        for body in template.resources("aws_cloudwatch_event_rule").values()
        if "schedule_expression" in body
    }
    assert paces == {"sweeper": "rate(1 minute)", "settler": "rate(1 minute)", "reconciler": "cron(0 5 * * ? *)"}
    rung = alarm(template, "reconciler-not-running")
    assert (rung["period"] * rung["evaluation_periods"], rung["treat_missing_data"]) == (172_800, "breaching")


def test_a_file_that_is_refused_is_no_error_of_the_function_that_refuses_it(template: Template) -> None:
    for worker, minutes in (("planner", 3), ("charger", 3), ("validator", 1), ("settler", 1)):
        assert alarm(template, f"{worker}-errors")["datapoints_to_alarm"] == minutes


def allowed_everywhere(template: Template) -> set[str]:
    """Return every action that some role may do on everything."""
    return {
        action
        for role in template.resources("aws_iam_role")
        for statement in statements_of(template, f"aws_iam_role.{role}")
        if statement["Effect"] == "Allow"
        and any(one == "*" or one.endswith(":*/*") for one in many(statement["Resource"]))
        for action in many(statement["Action"])
    }


def test_no_permission_is_on_everything_but_the_listed_ones(template: Template) -> None:
    """Defect: Too much permission."""
    assert allowed_everywhere(template) <= set(WILDCARDS_WITH_REASONS)


def test_every_listed_permission_on_everything_is_in_use() -> None:
    """Defect: Too much permission."""
    assert allowed_everywhere(whole_stack(API_LOG_ROLE="true")) == set(WILDCARDS_WITH_REASONS)


def test_no_permission_is_a_pattern_of_actions(template: Template) -> None:
    """Defect: Too much permission."""
    for role in template.resources("aws_iam_role"):
        for statement in statements_of(template, f"aws_iam_role.{role}"):
            assert not [action for action in many(statement["Action"]) if "*" in action], role


def test_no_role_carries_a_managed_policy(template: Template) -> None:
    """Defect: Too much permission."""
    assert not template.resources("aws_iam_role_policy_attachment")
    assert not [body for body in template.resources("aws_iam_role").values() if body.get("managed_policy_arns")]


def test_each_table_is_written_by_those_who_have_to_and_the_audit_table_by_the_auditor_alone(
    template: Template,
) -> None:
    """Defect: Too much permission."""
    writes = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
    writers: dict[str, set[str]] = {}
    for function in template.resources("aws_lambda_function").values():
        for statement in statements_of(template, address_of(function["role"])):
            if statement["Effect"] == "Allow" and writes & set(many(statement["Action"])):
                for table in referred(statement["Resource"]):
                    name = everything(template)[table]["name"].split("-", 1)[1].rpartition("-")[0]
                    writers.setdefault(name, set()).add(function["function_name"].split("-")[1])
    charging = {"processor", "charger"}
    assert writers.pop("gateway-ledger", charging) == charging
    assert writers == {
        "audit": {"auditor"},
        "batches": {"registrar", "settler"},
        "payments": {"validator", "ingestor", "approver", "examiner", "requester", "reconciler", *charging},
    }


def test_a_workflow_is_started_and_answered_by_the_one_who_has_to(template: Template) -> None:
    """Defect: Too much permission. Starting every state machine."""
    machines = {
        f"aws_sfn_state_machine.{id_}": body["name"].split("-")[1]
        for id_, body in template.resources("aws_sfn_state_machine").items()
    }
    assert {
        (body["name"].split("-")[1], action, machines[machine])
        for id_, body in template.resources("aws_iam_role").items()
        for statement in statements_of(template, f"aws_iam_role.{id_}")
        for action in many(statement["Action"])
        for machine in machines.keys() & set(referred(statement["Resource"]))
    } == {
        ("dispatcher", "states:StartExecution", "payment"),
        ("dispatcher", "states:SendTaskSuccess", "payment"),
        ("uploads", "states:StartExecution", "batch"),
    }


def test_whoever_may_use_an_encrypted_thing_may_use_its_key(template: Template) -> None:
    """Defect: Encryption without grants."""
    keys = keys_by_address(template)
    used = 0
    for function in template.resources("aws_lambda_function").values():
        allowed = [one for one in statements_of(template, address_of(function["role"])) if one["Effect"] == "Allow"]
        usable = {
            address
            for statement in allowed
            if any(action.startswith("kms:") for action in many(statement["Action"]))
            for address in referred(statement["Resource"])
        }
        for statement in allowed:
            for address in referred(statement["Resource"]):
                # Logs are encrypted by the service itself, through the key's policy.
                if address in keys and not address.startswith("aws_cloudwatch_log_group"):
                    used += 1
                    assert keys[address] in usable, (function["function_name"], address)
    assert used > 10


@pytest.mark.parametrize(
    "type_",
    [
        "aws_sqs_queue",
        "aws_sns_topic",
        "aws_dynamodb_table",
        "aws_s3_bucket",
        "aws_cloudwatch_log_group",
        "aws_lambda_function",
    ],
)
def test_everything_that_holds_data_is_encrypted_with_a_key_of_the_stack(template: Template, type_: str) -> None:
    keys = keys_by_address(template)
    assert template.resources(type_)
    for name in template.resources(type_):
        assert f"{type_}.{name}" in keys


def test_every_log_group_forgets_after_a_while(template: Template) -> None:
    for group in template.resources("aws_cloudwatch_log_group").values():
        assert group["retention_in_days"] > 0


def test_every_function_is_built_alike(template: Template) -> None:
    functions = template.resources("aws_lambda_function")
    assert {body["function_name"].split("-")[1] for body in functions.values()} == {
        "validator",
        "query",
        "dispatcher",
        "processor",
        "notifier",
        "auditor",
        "sweeper",
        "reconciler",
        "examiner",
        "requester",
        "approver",
        "charger",
        "registrar",
        "planner",
        "ingestor",
        "collector",
        "settler",
    }
    for function in functions.values():
        assert function["handler"] == "handler.handler"
        assert function["runtime"] == "python3.13"
        assert function["architectures"] == ["arm64"]
        assert function["tracing_config"]["mode"] == "Active"
        assert function["logging_config"]["log_format"] == "JSON"
        assert function["vpc_config"]["subnet_ids"]
        assert function["source_code_hash"]
        assert len(function["layers"]) == 1


def test_no_place_is_written_down(template: Template) -> None:
    """Defect: Hard-coded places."""
    provider_apart = {key: value for key, value in template.json.items() if key not in {"provider", "terraform", "//"}}
    text = json.dumps(provider_apart)
    assert "arn:aws:" not in text
    assert not re.findall(r"us-east-1|\b\d{12}\b", text)
    # What is left of the domain are service principals, which are the same everywhere but in China.
    assert set(re.findall(r"[\w.-]*amazonaws\.com[\w.]*", text)) == set(
        re.findall(r'(?:Service|principal)\\*": ?\\*"([\w.-]+\.amazonaws\.com)\\*"', text)
    )


def test_every_method_wants_a_key_and_the_usage_plan_has_one(template: Template) -> None:
    """Defect: Open doors."""
    methods = template.resources("aws_api_gateway_method").values()
    assert methods
    assert all(method["api_key_required"] for method in methods)
    plan_key = template.only("aws_api_gateway_usage_plan_key")
    assert address_of(plan_key["key_id"]).startswith("aws_api_gateway_api_key.")
    plan = template.only("aws_api_gateway_usage_plan")
    assert plan["throttle_settings"]
    assert plan["quota_settings"]["period"] == "DAY"


def test_a_sandbox_has_a_daily_quota_of_ten_thousand() -> None:
    assert whole_stack().only("aws_api_gateway_usage_plan")["quota_settings"]["limit"] == 10_000


def test_production_keeps_its_tables_and_files_and_a_sandbox_can_be_destroyed() -> None:
    for variables, protected in (({}, False), (PRODUCTION, True)):
        template = whole_stack(**variables)
        tables = template.resources("aws_dynamodb_table").values()
        assert {bool(table["deletion_protection_enabled"]) for table in tables} == {protected}
        assert template.only("aws_s3_bucket")["force_destroy"] is not protected


def test_without_a_nat_the_functions_reach_their_services_by_endpoints() -> None:
    template = whole_stack(NAT_MODE="none")
    services = [one["service"] for one in template.data("aws_vpc_endpoint_service").values()]
    assert {"secretsmanager", "sns", "sqs", "states"} <= set(services)
    interfaces = [
        one for one in template.resources("aws_vpc_endpoint").values() if one["vpc_endpoint_type"] == "Interface"
    ]
    assert len(interfaces) == 4


def test_one_stack_of_an_account_may_keep_the_role_by_which_api_gateway_writes_logs() -> None:
    assert not whole_stack().resources("aws_api_gateway_account")
    assert whole_stack(API_LOG_ROLE="true").only("aws_api_gateway_account")


def test_the_longest_suffix_breaks_no_name() -> None:
    whole_stack(ENVIRONMENT_SUFFIX="a" * LONGEST_SUFFIX)


def test_the_outputs_others_rely_on_are_there(template: Template) -> None:
    assert set(template.outputs) >= {
        "api_url",
        "api_key_id",
        "payments_table_name",
        "audit_table_name",
        "batches_table_name",
        "batch_bucket_name",
        "processing_queue_url",
        "notification_queue_url",
        "processing_dead_letter_queue_url",
        "notification_dead_letter_queue_url",
        "customer_topic_arn",
        "back_office_topic_arn",
        "payment_workflow_arn",
        "batch_workflow_arn",
        "alarm_topic_arn",
        "vpc_id",
        "nat_public_ips",
    }


def test_the_simulator_is_there_only_where_no_gateway_is_named() -> None:
    def processor(template: Template) -> Body:
        functions = template.resources("aws_lambda_function").values()
        return next(one for one in functions if "-processor-" in one["function_name"])

    simulated = processor(whole_stack())["environment"]["variables"]
    real = processor(whole_stack(**PRODUCTION))["environment"]["variables"]
    assert simulated["GATEWAY"] == "simulator"
    assert "GATEWAY_LEDGER_TABLE" in simulated
    assert (real["GATEWAY"], real["GATEWAY_URL"]) == ("http", "https://gateway.example")
    assert "GATEWAY_LEDGER_TABLE" not in real
