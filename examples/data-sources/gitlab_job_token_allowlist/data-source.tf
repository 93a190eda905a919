data "gitlab_job_token_allowlist" "deploy" {
  project = "platform/deploy"
}

# Who has access, for people to read: ["platform/apps/*", "security/scanner"].
# A path is null where the token may not see the target; its number never is.
output "who_may_access_deploy" {
  value = concat(
    [for group in data.gitlab_job_token_allowlist.deploy.groups : "${coalesce(group.path, group.id)}/*"],
    [for project in data.gitlab_job_token_allowlist.deploy.projects : coalesce(project.path, project.id)],
  )
}
