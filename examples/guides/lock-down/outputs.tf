output "limited" {
  description = "The projects that are limited to their allowlists, with the number of entries on each."
  value = {
    for project, scope in gitlab_job_token_scope.this : project =>
    length(gitlab_job_token_allowlist_exclusive.this[project].projects)
    + length(gitlab_job_token_allowlist_exclusive.this[project].groups)
    if scope.inbound_enabled
  }
}
