from __future__ import annotations

import json
import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pytest
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from payments_infra.constructs.api import Api
from payments_infra.constructs.api_access import Limits
from payments_infra.constructs.api_log_role import ApiLogRole
from payments_infra.constructs.gateway_responses import PROBLEMS
from payments_infra.constructs.place import Place
from payments_infra.constructs.route import Route
from payments_infra.constructs.web_acl import WebAcl
from tests.infra.ground import Ground
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

JSON_OBJECT = json.dumps({"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"})


class AnyFunction(Construct):
    """What a route needs of a function, and nothing more."""

    @property
    def invoke_arn(self) -> str:
        return f"arn:invoke:{self.node.id}"

    def grant_invoke(self, id_: str, *, principal: str, source_arn: str) -> None:
        LambdaPermission(
            self,
            id_,
            action="lambda:InvokeFunction",
            function_name=self.node.id,
            principal=principal,
            source_arn=source_arn,
        )


def common(stack: TerraformStack) -> dict[str, Any]:
    """Return what every API of the stack stands on."""
    ground = Ground(stack)
    return {"naming": ground.naming, "key": ground.key}


def firewall(stack: TerraformStack, shared: dict[str, Any]) -> WebAcl:
    return WebAcl(stack, "web_acl", **shared, place=Place(stack, "there"), requests_per_address=1000)


def one_route(stack: TerraformStack, path: str = "/") -> list[Route]:
    return [Route(method="GET", path=path, function=AnyFunction(stack, "query"))]


def routes_of(stack: TerraformStack) -> list[Route]:
    validator, query = AnyFunction(stack, "validator"), AnyFunction(stack, "query")
    return [
        Route(method="POST", path="/payments", function=validator, body_model="Payment"),
        Route(method="GET", path="/payments", function=query, required_parameters=["querystring.customer_id"]),
        Route(method="GET", path="/payments/{payment_id}", function=query),
        Route(method="GET", path="/payments/{payment_id}/events", function=query),
    ]


def api_template(**options: Any) -> Template:  # noqa: ANN401 - the options of Api, checked by the test that sets them
    def build(stack: TerraformStack) -> None:
        defaults: dict[str, Any] = {"models": {"Payment": JSON_OBJECT}}
        if "routes" not in options:
            defaults["routes"] = routes_of(stack)
        Api(stack, "api", **common(stack), **{**defaults, **options})

    return synthesized(build)


@cache
def default_template() -> Template:
    return api_template()


def named(template: Template, type_: str, part: str) -> dict[str, Any]:
    (body,) = [body for name, body in template.resources(type_).items() if part in name]
    return body


def rendered(response_type: str, message: str) -> dict[str, Any]:
    """Return the body as API Gateway would fill it in: its message variable comes with quotes."""
    template = PROBLEMS[response_type].template.replace("$context.error.messageString", json.dumps(message))
    body: dict[str, Any] = json.loads(template)
    return body


def test_the_api_is_regional_and_its_stage_is_named_by_the_suffix() -> None:
    """Defect: Hard-coded places."""
    template = default_template()
    rest_api = template.only("aws_api_gateway_rest_api")
    assert rest_api["endpoint_configuration"] == {"types": ["REGIONAL"]}
    assert rest_api["disable_execute_api_endpoint"] is False
    assert "minimum_compression_size" not in rest_api
    assert template.only("aws_api_gateway_stage")["stage_name"] == "dev"


def test_a_path_that_two_routes_share_is_one_resource() -> None:
    parts = [body["path_part"] for body in default_template().resources("aws_api_gateway_resource").values()]
    assert sorted(parts) == ["events", "payments", "{payment_id}"]


def test_a_deeper_resource_hangs_below_the_one_its_path_starts_with() -> None:
    template = default_template()
    names = {
        body["path_part"]: f"${{aws_api_gateway_resource.{name}.id}}"
        for name, body in template.resources("aws_api_gateway_resource").items()
    }
    parents = {body["path_part"]: body["parent_id"] for body in template.resources("aws_api_gateway_resource").values()}
    assert parents["events"] == names["{payment_id}"]
    assert parents["{payment_id}"] == names["payments"]
    assert parents["payments"].endswith(".root_resource_id}")


def test_no_method_answers_without_an_api_key_of_the_usage_plan() -> None:
    """Defect: Open doors. A NONE authorization stands only beside a required key, and the plan has a key."""
    template = default_template()
    methods = template.resources("aws_api_gateway_method").values()
    assert len(methods) == 4
    assert all(method["api_key_required"] is True for method in methods)
    (key_name,) = template.resources("aws_api_gateway_api_key")
    (plan_name,) = template.resources("aws_api_gateway_usage_plan")
    binding = template.only("aws_api_gateway_usage_plan_key")
    assert binding["key_id"] == f"${{aws_api_gateway_api_key.{key_name}.id}}"
    assert binding["usage_plan_id"] == f"${{aws_api_gateway_usage_plan.{plan_name}.id}}"
    (stage_name,) = template.resources("aws_api_gateway_stage")
    (plan_stage,) = template.only("aws_api_gateway_usage_plan")["api_stages"]
    assert plan_stage["stage"] == f"${{aws_api_gateway_stage.{stage_name}.stage_name}}"


def test_a_signed_request_can_be_asked_for_beside_the_key() -> None:
    """Defect: Open doors."""
    methods = api_template(authorization="AWS_IAM").resources("aws_api_gateway_method").values()
    assert {(method["authorization"], method["api_key_required"]) for method in methods} == {("AWS_IAM", True)}


def test_the_key_value_is_in_no_template() -> None:
    """Defect: Open doors."""
    assert "value" not in default_template().only("aws_api_gateway_api_key")


def test_the_quota_is_ten_thousand_a_day_unless_said_otherwise() -> None:
    plan = default_template().only("aws_api_gateway_usage_plan")
    assert plan["quota_settings"] == {"limit": 10_000, "period": "DAY"}
    assert plan["throttle_settings"] == {"rate_limit": 50, "burst_limit": 100}


def test_the_limits_hold_for_the_key_and_for_the_stage() -> None:
    template = api_template(limits=Limits(requests_per_second=7, burst_requests=9, requests_per_day=11))
    plan = template.only("aws_api_gateway_usage_plan")
    settings = template.only("aws_api_gateway_method_settings")["settings"]
    assert plan["quota_settings"]["limit"] == 11
    assert plan["throttle_settings"] == {"rate_limit": 7, "burst_limit": 9}
    assert (settings["throttling_rate_limit"], settings["throttling_burst_limit"]) == (7, 9)


def test_bodies_are_validated_only_where_there_is_a_model_to_validate_with() -> None:
    """Defect: Open doors. A body validator without a model lets every body through."""
    template = default_template()
    validators = {
        f"${{aws_api_gateway_request_validator.{name}.id}}": body["validate_request_body"]
        for name, body in template.resources("aws_api_gateway_request_validator").items()
    }
    for method in template.resources("aws_api_gateway_method").values():
        assert validators[method["request_validator_id"]] is ("request_models" in method)


def test_the_model_holds_whatever_content_type_the_caller_names() -> None:
    template = default_template()
    (model_name,) = template.resources("aws_api_gateway_model")
    model = f"${{aws_api_gateway_model.{model_name}.name}}"
    method = named(template, "aws_api_gateway_method", "method_post_payments")
    assert method["request_models"] == {"application/json": model, "$default": model}
    assert json.loads(template.only("aws_api_gateway_model")["schema"])["type"] == "object"


def test_path_parameters_and_named_parameters_are_required() -> None:
    template = default_template()
    by_id = named(template, "aws_api_gateway_method", "method_get_payments_payment_id_events")
    assert by_id["request_parameters"] == {"method.request.path.payment_id": True}
    listing = next(
        body
        for body in template.resources("aws_api_gateway_method").values()
        if "customer_id" in str(body.get("request_parameters"))
    )
    assert listing["request_parameters"] == {"method.request.querystring.customer_id": True}


def test_each_method_hands_the_whole_request_to_its_function() -> None:
    integration = named(default_template(), "aws_api_gateway_integration", "integration_post_payments")
    assert integration["type"] == "AWS_PROXY"
    assert integration["integration_http_method"] == "POST"
    assert integration["uri"] == "arn:invoke:validator"
    assert integration["timeout_milliseconds"] == 29_000


def test_the_time_to_wait_for_a_function_can_be_shortened() -> None:
    integrations = api_template(timeout_seconds=5).resources("aws_api_gateway_integration").values()
    assert {integration["timeout_milliseconds"] for integration in integrations} == {5_000}


def test_each_function_may_be_invoked_by_its_own_methods_of_this_stage_only() -> None:
    """Defect: Too much permission."""
    template = default_template()
    permissions = template.resources("aws_lambda_permission").values()
    assert {permission["principal"] for permission in permissions} == {"apigateway.amazonaws.com"}
    allowed = {
        (permission["function_name"], re.sub(r"^\$\{[^}]*execution_arn\}", "", permission["source_arn"]))
        for permission in permissions
    }
    assert allowed == {
        ("validator", "/dev/POST/payments"),
        ("query", "/dev/GET/payments"),
        ("query", "/dev/GET/payments/*"),
        ("query", "/dev/GET/payments/*/events"),
    }


def test_every_answer_of_api_gateway_is_a_problem_whose_status_is_the_answers() -> None:
    responses = default_template().resources("aws_api_gateway_gateway_response").values()
    assert len(responses) == 21
    for response in responses:
        body = rendered(response["response_type"], 'it said "no"')
        assert list(response["response_templates"]) == ["application/json"]
        assert (
            json.loads(
                response["response_templates"]["application/json"].replace(
                    "$context.error.messageString", json.dumps('it said "no"')
                )
            )
            == body
        )
        assert {"type", "title", "status", "detail", "instance"} <= set(body)
        assert str(body["status"]) == response["status_code"]
        assert response["response_parameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"


@pytest.mark.parametrize("response_type", [type_ for type_, problem in PROBLEMS.items() if problem.status >= 500])
def test_a_failure_of_ours_says_nothing_of_the_inside(response_type: str) -> None:
    assert "secret" not in json.dumps(rendered(response_type, "secret"))


def test_an_unknown_path_is_not_found_and_a_missing_key_is_forbidden() -> None:
    assert PROBLEMS["MISSING_AUTHENTICATION_TOKEN"].status == 404
    assert PROBLEMS["INVALID_API_KEY"].status == 403


def test_a_body_at_fault_is_pointed_at_as_a_whole() -> None:
    assert rendered("BAD_REQUEST_BODY", "Invalid request body") == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "Invalid request body",
        "instance": "$context.requestId",
        "errors": [{"pointer": "", "detail": "Invalid request body"}],
    }


def test_a_throttled_caller_is_told_when_to_come_back() -> None:
    response = named(default_template(), "aws_api_gateway_gateway_response", "_throttled_")
    assert response["response_parameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_access_logs_are_json_and_hold_neither_key_nor_body_nor_query() -> None:
    """Defect: Open doors. The log says which key, by its id."""
    settings = default_template().only("aws_api_gateway_stage")["access_log_settings"]
    line = json.loads(settings["format"])
    assert line["requestId"] == "$context.requestId"
    assert line["apiKeyId"] == "$context.identity.apiKeyId"
    assert "$context.identity.apiKey" not in line.values()
    assert not re.search(r"body|header|querystring|\$context\.path", settings["format"])


def test_logs_are_encrypted_and_forgotten_even_those_api_gateway_names_itself() -> None:
    """Defect: Encryption without grants."""
    template = api_template(log_retention_days=7)
    groups = {body["name"]: body for body in template.resources("aws_cloudwatch_log_group").values()}
    (api_name,) = template.resources("aws_api_gateway_rest_api")
    error_log = f"API-Gateway-Execution-Logs_${{aws_api_gateway_rest_api.{api_name}.id}}/dev"
    assert set(groups) == {"/aws/apigateway/payments-api-dev", error_log}
    assert {body["retention_in_days"] for body in groups.values()} == {7}
    assert all("aws_kms_key.cmk" in body["kms_key_id"] for body in groups.values())
    statements = json.loads(template.only("aws_kms_key")["policy"])["Statement"]
    (statement,) = [one for one in statements if one["Sid"] == "LogGroups"]
    assert statement["Principal"]["Service"].startswith("logs.${data.aws_region.")
    named = statement["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
    assert {one.partition(":log-group:")[2] for one in named} == set(groups)


def test_error_logs_are_on_and_requests_are_not_written_down() -> None:
    settings = default_template().only("aws_api_gateway_method_settings")
    assert settings["method_path"] == "*/*"
    assert settings["settings"]["logging_level"] == "ERROR"
    assert settings["settings"]["data_trace_enabled"] is False
    assert settings["settings"]["metrics_enabled"] is True


def test_requests_are_traced_only_when_asked_for() -> None:
    assert default_template().only("aws_api_gateway_stage")["xray_tracing_enabled"] is False
    assert api_template(trace=True).only("aws_api_gateway_stage")["xray_tracing_enabled"] is True


def fingerprint_of(template: Template) -> str:
    triggers = template.only("aws_api_gateway_deployment")["triggers"]
    return str(triggers["configuration"])


def test_the_same_api_is_not_deployed_again() -> None:
    """Defect: Perpetual diffs."""
    assert fingerprint_of(api_template()) == fingerprint_of(default_template())
    assert re.fullmatch(r"[0-9a-f]{64}", fingerprint_of(default_template()))


@pytest.mark.parametrize(
    "change",
    [
        {"authorization": "AWS_IAM"},
        {"timeout_seconds": 28},
        {"models": {"Payment": '{"type": "object", "required": ["amount"]}'}},
    ],
    ids=["authorization", "time-out", "model"],
)
def test_any_change_of_the_api_deploys_it_again(change: dict[str, Any]) -> None:
    """Defect: Perpetual diffs. A deployment without triggers never deploys a change."""
    assert fingerprint_of(api_template(**change)) != fingerprint_of(default_template())


def test_another_route_or_function_deploys_the_api_again() -> None:
    """Defect: Perpetual diffs."""

    def build(path: str, function: str, stack: TerraformStack) -> None:
        route = Route(method="GET", path=path, function=AnyFunction(stack, function))
        Api(stack, "api", **common(stack), routes=[route])

    variants = (("/a", "one"), ("/a", "two"), ("/b", "one"))
    seen = {fingerprint_of(synthesized(partial(build, path, function))) for path, function in variants}
    assert len(seen) == 3


def test_what_is_not_part_of_the_snapshot_does_not_deploy_again() -> None:
    """Defect: Perpetual diffs."""
    other = api_template(trace=True, log_retention_days=7, limits=Limits(requests_per_second=1))
    assert fingerprint_of(other) == fingerprint_of(default_template())


def test_the_new_deployment_is_there_before_the_old_one_goes_and_after_all_it_holds() -> None:
    template = default_template()
    deployment = template.only("aws_api_gateway_deployment")
    assert deployment["lifecycle"] == {"create_before_destroy": True}
    waits_for = {dependency.split(".")[0] for dependency in deployment["depends_on"]}
    assert {
        "aws_api_gateway_method",
        "aws_api_gateway_integration",
        "aws_api_gateway_gateway_response",
        "aws_api_gateway_model",
    } <= waits_for


def test_a_firewall_stands_before_the_stage_where_one_is_given() -> None:
    assert not default_template().resources("aws_wafv2_web_acl_association")

    def build(stack: TerraformStack) -> None:
        shared = common(stack)
        Api(stack, "api", **shared, routes=one_route(stack), web_acl=firewall(stack, shared))

    association = synthesized(build).only("aws_wafv2_web_acl_association")
    assert "aws_api_gateway_stage." in association["resource_arn"]
    assert "aws_wafv2_web_acl." in association["web_acl_arn"]


def test_the_stage_waits_for_the_logging_role_where_the_stack_manages_it() -> None:
    assert not default_template().resources("aws_api_gateway_account")

    def build(stack: TerraformStack) -> None:
        shared = common(stack)
        role = ApiLogRole(stack, "log_role", naming=shared["naming"])
        Api(stack, "api", **shared, routes=one_route(stack), log_role=role)

    template = synthesized(build)
    (account,) = template.resources("aws_api_gateway_account")
    assert f"aws_api_gateway_account.{account}" in template.only("aws_api_gateway_stage")["depends_on"]
    (statement,) = template.policies("log_role")
    assert {action.split(":")[0] for action in statement["Action"]} == {"logs"}


def test_the_root_can_be_a_route() -> None:
    template = synthesized(lambda stack: Api(stack, "api", **common(stack), routes=one_route(stack)))
    assert not template.resources("aws_api_gateway_resource")
    assert template.only("aws_api_gateway_method")["resource_id"].endswith(".root_resource_id}")
    assert template.only("aws_lambda_permission")["source_arn"].endswith("/dev/GET/")


def test_metrics_name_the_api_and_its_stage() -> None:
    def build(stack: TerraformStack) -> None:
        api = Api(stack, "api", **common(stack), routes=one_route(stack))
        metrics = [api.metric_requests(), api.metric_4xx(), api.metric_5xx(), api.metric_latency()]
        assert [(metric.name, metric.statistic) for metric in metrics] == [
            ("Count", "Sum"),
            ("4XXError", "Sum"),
            ("5XXError", "Sum"),
            ("Latency", "p99"),
        ]
        assert all(metric.dimensions == {"ApiName": "payments-api-dev", "Stage": "dev"} for metric in metrics)

    synthesized(build)


def test_two_apis_live_in_one_stack_and_share_a_function() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        shared = common(stack)
        routes = one_route(stack, "/payments")
        for part in ("inner", "outer"):
            Api(stack, f"{part}_api", **shared, part=part, routes=routes)

    template = synthesized(build)
    names = {body["name"] for body in template.resources("aws_api_gateway_rest_api").values()}
    assert names == {"payments-inner-dev", "payments-outer-dev"}
    assert len(template.resources("aws_lambda_permission")) == 2
    assert len({body["name"] for body in template.resources("aws_cloudwatch_log_group").values()}) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "get"}, "method must be one of"),
        ({"method": "ANY"}, "method must be one of"),
        ({"path": "payments"}, "path must be"),
        ({"path": "/payments/"}, "path must be"),
        ({"path": "/pay ments"}, "path must be"),
        ({"required_parameters": ["customer_id"]}, "required parameter must look like"),
    ],
)
def test_a_route_that_could_not_be_served_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Route(**{"method": "GET", "path": "/payments", "function": None, **arguments})


def clashing(*pairs: tuple[str, str]) -> list[Route]:
    class Nothing:
        invoke_arn = "arn:invoke:nothing"

        def grant_invoke(self, id_: str, *, principal: str, source_arn: str) -> None: ...

    return [Route(method=method, path=path, function=Nothing()) for method, path in pairs]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"routes": []}, "at least one route"),
        ({"routes": clashing(("GET", "/a"), ("GET", "/a")), "models": {}}, "routed again: GET /a"),
        ({"routes": clashing(("GET", "/a/{id}"), ("GET", "/a/{key}/b")), "models": {}}, "use one name"),
        ({"models": {}}, "must be the same"),
        ({"models": {"Payment": JSON_OBJECT, "Other": JSON_OBJECT}}, "must be the same"),
        ({"models": {"a payment": JSON_OBJECT}}, "letters and digits only"),
        ({"models": {"Payment": "[]"}}, "asks for nothing"),
        ({"models": {"Payment": "none"}}, "must be a JSON object"),
        ({"timeout_seconds": 30}, "timeout_seconds must be between 1 and 29, got 30"),
        ({"timeout_seconds": 0}, "timeout_seconds must be between 1 and 29, got 0"),
    ],
)
def test_an_api_that_could_not_be_deployed_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        api_template(**options)


@pytest.mark.parametrize("field", ["requests_per_second", "burst_requests", "requests_per_day"])
def test_a_limit_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be at least 1, got 0"):
        Limits(**{field: 0})
