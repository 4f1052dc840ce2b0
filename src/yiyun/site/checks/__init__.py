"""Contradictions inside a site. One function per rule; each yields a problem for every place that breaks it.

What is legal but unwise (two copies, a database in one zone, a VM without a security group) is not refused here:
the policy gate says so, with the clause.
"""

from typing import TYPE_CHECKING

from yiyun.errors import SiteError
from yiyun.site.checks import (
    buckets,
    compute,
    cpu_families,
    databases,
    disks,
    hosts,
    load_balancers,
    names,
    networks,
    operations,
    pools,
    references,
    secrets,
    security_groups,
    vpcs,
)
from yiyun.site.checks.places import Check, Places
from yiyun.site.validation import limited

if TYPE_CHECKING:
    from yiyun.site.loader import Site

__all__ = ["STAGES", "Places", "check"]

STAGES: tuple[tuple[Check, ...], ...] = (
    (
        secrets.no_secrets_are_written,
        references.zones_of_hosts_exist,
        names.groups_are_spelled_right,
        names.names_are_unique,
        names.tenants_have_free_namespaces,
        names.network_names_are_free,
        references.network_references_exist,
        references.private_lines_exist,
        references.storage_references_exist,
        references.compute_references_exist,
        references.load_balancer_references_exist,
        references.database_references_exist,
        pools.pools_say_one_layout,
        disks.disks_are_listed_once,
        disks.ceph_disks_have_a_device_class,
        disks.ceph_disks_lie_on_storage_hosts,
    ),
    (
        hosts.addresses_are_unique,
        hosts.every_zone_has_a_control_host,
        hosts.etcd_members_are_odd,
        hosts.racks_lie_in_one_zone,
        hosts.switch_pairs_lie_in_one_zone,
        hosts.rooms_lie_in_one_zone,
        hosts.page_sizes_fit_the_architecture,
        cpu_families.families_have_one_architecture,
        networks.hosts_lie_in_the_management_network,
        networks.labs_use_the_benchmarking_range,
        networks.networks_do_not_overlap,
        networks.networks_avoid_reserved_ranges,
        networks.service_network_has_a_size_for_kubernetes,
        vpcs.subnets_lie_in_their_vpc,
        vpcs.subnets_have_a_gateway_host,
        vpcs.gateways_fit_their_hosts,
        vpcs.peerings_are_mutual,
        networks.private_line_addresses_fit,
        networks.external_addresses_fit,
        vpcs.floating_addresses_fit,
        security_groups.security_group_rules_are_whole,
        vpcs.vpc_addresses_are_free,
        pools.pools_survive_a_failure_domain,
        pools.one_pool_is_the_default,
        pools.pools_have_the_right_failure_domain,
        pools.pools_have_a_sane_min_size,
        pools.pools_find_their_disks,
        pools.block_pools_serve_kernel_clients,
        buckets.buckets_fit_their_user,
        compute.images_fit_the_cpu_family,
        compute.vms_find_a_host,
        compute.disk_names_are_unique,
        compute.shared_disks_stay_with_their_tenant,
        compute.applications_find_hosts,
        load_balancers.l4_serves_its_vpc,
        load_balancers.l7_routes_fit,
        load_balancers.l7_streams_fit,
        load_balancers.hostnames_belong_to_one_load_balancer,
        databases.databases_find_hosts,
        databases.oceanbase_stays_off_phytium,
        databases.postgresql_has_one_architecture,
        operations.backends_are_shared,
    ),
)


def check(site: "Site", at: Places) -> None:
    """Run all checks. Raises SiteError with every problem of the first stage that finds one.

    Later stages rely on what earlier ones assure, for example that every name that is referred to exists.
    """
    for stage in STAGES:
        problems = [problem for function in stage for problem in function(site, at)]
        if problems:
            problems.sort(key=lambda problem: problem.rule is None)
            text = limited(dict.fromkeys(f"{problem.where}: {problem.text}" for problem in problems))
            raise SiteError(text, problems[0].rule)
