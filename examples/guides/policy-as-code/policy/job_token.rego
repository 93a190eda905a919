# Denies open projects, groups with the default permissions, and pushes by jobs
# of other projects. Conftest evaluates `deny` in `main`.
package main

import rego.v1

deny contains message if {
	some scope in planned("gitlab_job_token_scope")
	not is_restricted(scope)
	message := sprintf("%s: inbound_enabled must be true", [scope.address])
}

deny contains message if {
	some scope in planned("gitlab_job_token_scope")
	not forbids_push(scope)
	message := sprintf("%s: cross_project_push_for_job_token_allowed must not be true", [scope.address])
}

deny contains message if {
	some entry in planned("gitlab_job_token_allowlist_entry")
	not is_for_project(entry)
	not has_policies(entry)
	message := sprintf("%s: a group needs job_token_policies", [entry.address])
}

deny contains message if {
	some list in planned("gitlab_job_token_allowlist_exclusive")
	some group in groups(list)
	not group_has_policies(list, group)
	message := sprintf("%s: group %s needs job_token_policies", [list.address, group])
}

deny contains message if {
	some list in planned("gitlab_job_token_allowlist_exclusive")
	list.change.after_unknown.groups == true
	message := sprintf("%s: groups must be known", [list.address])
}

# Sets add groups with the default permissions.
deny contains message if {
	some list in planned("gitlab_job_token_allowlist_exclusive")
	some attribute in ["target_groups", "target_group_ids"]
	not is_empty(list, attribute)
	message := sprintf("%s: use groups in place of %s", [list.address, attribute])
}

# All resources that exist after the apply, in all modules. `after` is null for
# resources that are removed.
planned(type) := {resource |
	some resource in input.resource_changes
	resource.mode == "managed"
	resource.type == type
	resource.change.after != null
}

# Values that are known only after apply are missing in `after`. OPA skips rules
# whose `not` refers to a missing value, so these functions read the values and
# return what is allowed.
is_restricted(scope) if scope.change.after.inbound_enabled == true

forbids_push(scope) if scope.change.after.cross_project_push_for_job_token_allowed in {null, false}

is_for_project(entry) if entry.change.after.target_type == "project"

has_policies(entry) if limits(entry.change.after)

group_has_policies(list, group) if limits(list.change.after.groups[group])

is_empty(list, attribute) if list.change.after[attribute] in {null, []}

limits(permissions) if {
	is_array(permissions.job_token_policies)
	permissions.default_permissions in {null, false}
}

# A group whose permissions are all unknown is only in `after_unknown`.
groups(list) := {group |
	some values in [list.change.after, list.change.after_unknown]
	is_object(values.groups)
	some group, _ in values.groups
}
