"""Rules, verdicts, waivers and reports. What a rule's file needs is imported from here."""

from yiyun.compliance.admission import Admission
from yiyun.compliance.facts import Map, NeedsPerson, NotApplicable, Object, Unevaluated
from yiyun.compliance.gate import gate_manifests
from yiyun.compliance.host import Facts, Host, shown
from yiyun.compliance.model import Enforcement, Finding, Severity
from yiyun.compliance.reports import render
from yiyun.compliance.rule import rule
from yiyun.compliance.world import World

__all__ = [
    "Admission",
    "Enforcement",
    "Facts",
    "Finding",
    "Host",
    "Map",
    "NeedsPerson",
    "NotApplicable",
    "Object",
    "Severity",
    "Unevaluated",
    "World",
    "gate_manifests",
    "render",
    "rule",
    "shown",
]
