"""Guardrails: what must hold across the resources of a stack before Terraform sees it."""

from payments_infra.guardrails.guard import guard, problems
from payments_infra.guardrails.problem import Accepted, Problem

__all__ = ["Accepted", "Problem", "guard", "problems"]
