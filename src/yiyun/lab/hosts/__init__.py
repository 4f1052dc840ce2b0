"""The host lab: the site's hosts as systemd-nspawn machines in network namespaces without a way out. Needs root."""

from yiyun.lab.hosts.lab import HostLab

__all__ = ["HostLab"]
