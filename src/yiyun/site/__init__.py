"""What a site is: reads and checks `inventories/<site>`; knows neither Pulumi nor Ansible."""

from yiyun.site.loader import Site

__all__ = ["Site"]
