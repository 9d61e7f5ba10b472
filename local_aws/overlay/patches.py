"""The list of patches, by name."""

from importlib import import_module

PATCHES = (
    "machine_images",
    "network_interfaces",
    "instances",
    "instance_attributes",
    "addresses",
    "routes",
    "flow_logs",
    "vpc_endpoints",
    "security_group_rules",
    "api_keys",
    "alarm_queries",
    "alarm_dimensions",
    "queue_mappings",
    "stream_mappings",
    "event_filters",
    "error_names",
    "crash_answers",
    "request_models",
    "request_size",
    "blank_secrets",
    "repeated_permissions",
    "transport",
    "batch_permissions",
    "state_machine_tracing",
    "execution_starts",
    "workflow_paths",
    "terminal_errors",
    "payload_limits",
    "workflow_timeouts",
    "retry_delays",
    "task_tokens",
    "answer_permissions",
    "throttled_tasks",
    "map_runs",
    "workflow_roles",
    "redrives",
    "ranged_versions",
    "missing_objects",
    "uploaded_versions",
    "version_listings",
    "event_starts",
    "cross_origin_headers",
    "queue_scans",
    "request_checks",
    "request_bodies",
    "item_copies",
    "expression_tokens",
    "mapping_concurrency",
)


def apply_patches(names: str | None) -> None:
    """Apply every patch, or only those named in a comma-separated list.

    Raises:
        ModuleNotFoundError: a name is not a patch's.
    """
    for name in PATCHES if names is None else filter(None, names.split(",")):
        import_module(f"local_aws.overlay.{name}").apply()
