data "gitlab_job_token_allowlist" "deploy" {
  project = "platform/deploy"
}

locals {
  entries = concat(
    [for group in data.gitlab_job_token_allowlist.deploy.groups : merge(group, { who = "${coalesce(group.path, group.id)}/*" })],
    [for project in data.gitlab_job_token_allowlist.deploy.projects : merge(project, { who = coalesce(project.path, project.id) })],
  )
}

# Who has access, for people to read: ["platform/apps/*", "security/scanner"].
# A path is null where the token may not see the target. An ID never is.
output "who_may_access_deploy" {
  value = local.entries[*].who
}

# Entries with GitLab's default permissions, which allow more than most jobs
# need. Null isn't false: GitLab before 18.0 shows no permissions, nor does it
# show them to most fine-grained tokens.
output "who_has_all_permissions" {
  value = [for entry in local.entries : entry.who if entry.default_permissions != false]
}

# Who added each entry.
output "who_was_added_by_whom" {
  value = { for entry in local.entries : entry.who => entry.added_by }
}

# The permissions of the project's own jobs, if they have an entry ("Current
# project" in GitLab).
output "own_permissions" {
  value = data.gitlab_job_token_allowlist.deploy.own_permissions
}
