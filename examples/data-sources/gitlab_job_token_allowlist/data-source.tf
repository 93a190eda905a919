data "gitlab_job_token_allowlist" "deploy" {
  project = "platform/deploy"
}

locals {
  entries = concat(
    [for group in data.gitlab_job_token_allowlist.deploy.groups : merge(group, { who = "${coalesce(group.path, group.id)}/*" })],
    [for project in data.gitlab_job_token_allowlist.deploy.projects : merge(project, { who = coalesce(project.path, project.id) })],
  )
}

# Targets with access, such as ["platform/apps/*", "security/scanner"]. The path
# is null if the target isn't visible to the token; the ID is never null.
output "who_may_access_deploy" {
  value = local.entries[*].who
}

# Targets with the default permissions, which are more than most jobs need.
# Permissions are null before GitLab 18.0 and for most fine-grained tokens.
output "who_has_all_permissions" {
  value = [for entry in local.entries : entry.who if entry.default_permissions != false]
}

# The user who added each entry.
output "who_was_added_by_whom" {
  value = { for entry in local.entries : entry.who => entry.added_by }
}

# The permissions of the project's own jobs, if they have an entry ("Current
# project" in GitLab).
output "own_permissions" {
  value = data.gitlab_job_token_allowlist.deploy.own_permissions
}
