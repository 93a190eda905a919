# Restricts access to platform/deploy to the projects and groups on its
# allowlist.
resource "gitlab_job_token_scope" "deploy" {
  project = "platform/deploy"
}
