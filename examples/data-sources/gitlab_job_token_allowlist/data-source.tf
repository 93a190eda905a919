data "gitlab_job_token_allowlist" "deploy" {
  project = "platform/deploy"
}

locals {
  allowlist = data.gitlab_job_token_allowlist.deploy

  # Groups and projects in one list. `who` is the path, or the ID if the path
  # isn't visible to the token. Groups end with `/*`.
  entries = concat(
    [for group in local.allowlist.groups : merge(group, { who = "${coalesce(group.path, group.id)}/*" })],
    [for project in local.allowlist.projects : merge(project, { who = coalesce(project.path, project.id) })],
  )
}

# Targets with access, such as ["platform/apps/*", "security/scanner"].
output "who_may_access_deploy" {
  value = local.entries[*].who
}

# Targets with the default permissions, which are more than most jobs need, and
# targets whose permissions are null: before GitLab 18.0, and for fine-grained
# tokens.
output "who_has_all_permissions" {
  value = [for entry in local.entries : entry.who if entry.default_permissions != false]
}

# Users who added the entries.
output "who_was_added_by_whom" {
  value = { for entry in local.entries : entry.who => entry.added_by }
}

# The permissions of the project's own jobs, if they have an entry ("Current
# project" in GitLab).
output "own_permissions" {
  value = local.allowlist.own_permissions
}
