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
# A path is null where the token may not see the target; its number never is.
output "who_may_access_deploy" {
  value = local.entries[*].who
}

# Who may do more than is needed: entries with GitLab's default permissions, which
# are all. Null, as answered by a GitLab before 18.0, is not false.
output "who_has_all_permissions" {
  value = [for entry in local.entries : entry.who if entry.default_permissions != false]
}
