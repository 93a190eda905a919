output "access" {
  description = "For each project, whether access is restricted to its allowlist, and who is on it."
  value = {
    for project, scope in data.gitlab_job_token_scope.this : project => {
      restricted = scope.inbound_enabled
      allowed    = local.allowed[project]
    }
  }
}
