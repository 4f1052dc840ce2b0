"""The programs of the stacks storage, compute and database, run under Pulumi's mocks for both shipped sites."""

import pytest
from crd_schemas import assert_valid, is_built_in, needs_bundle
from shipped import SITES, site
from stack_items import in_one_process, run_program, stack_components, stack_items

from yiyun.components.kubernetes import key
from yiyun.site import labels

pytestmark = in_one_process

STACKS = ("storage", "compute", "database")
each_site = pytest.mark.parametrize("name", SITES)
each_stack = pytest.mark.parametrize("stack", STACKS)


@needs_bundle
@each_site
@each_stack
def test_custom_resources_fit_their_definitions(name, stack):
    manifests = [item.manifest for item in stack_items(site(name), stack)]
    custom = [manifest for manifest in manifests if not is_built_in(manifest)]
    assert assert_valid(manifests) == len(custom) > 0


@each_site
def test_no_two_objects_have_one_key(name):
    keys = [key(item.manifest) for item in stack_items(site(name), *STACKS)]
    assert len(set(keys)) == len(keys)


@each_site
@each_stack
def test_objects_come_after_what_they_need(name, stack):
    for items in stack_components(site(name), stack):
        seen = set()
        for item in items:
            assert set(item.after) <= seen
            seen.add(key(item.manifest))


@each_site
@each_stack
def test_programs_register_every_object_once_with_our_labels(name, stack):
    recorder, components = run_program(site(name), stack)
    written = [args for args in recorder.resources if args.typ.startswith("kubernetes:")]
    assert sorted(args.name for args in written) == sorted(key(i.manifest) for items in components for i in items)
    for args in written:
        labels = args.inputs["metadata"]["labels"]
        assert (labels["yiyun.io/site"], labels["yiyun.io/stack"]) == (name, stack)
    parts = [args for args in recorder.resources if args.typ.startswith(f"yiyun:{stack}:")]
    assert len(parts) == len(components)


@each_site
def test_label_values_and_names_are_short_enough(name):
    for item in stack_items(site(name), *STACKS):
        metadata = item.manifest["metadata"]
        assert len(metadata["name"]) <= 253
        assert all(len(value) <= 63 for value in metadata.get("labels", {}).values())


@each_site
def test_only_our_labels_have_our_prefix(name):
    known = {value for key_, value in vars(labels).items() if key_.isupper() and isinstance(value, str)}
    for item in stack_items(site(name), *STACKS):
        ours = {label for label in item.manifest["metadata"].get("labels", {}) if label.startswith(labels.PREFIX)}
        assert ours <= known
