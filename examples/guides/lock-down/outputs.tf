output "restricted" {
  description = "Projects that are restricted to their allowlists, with the number of entries."
  value = {
    for project, scope in gitlab_job_token_scope.this : project =>
    length(gitlab_job_token_allowlist_exclusive.this[project].projects)
    + length(gitlab_job_token_allowlist_exclusive.this[project].groups)
    if scope.inbound_enabled
  }
}
