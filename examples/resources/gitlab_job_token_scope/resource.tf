# Only projects and groups on the allowlist may use their job tokens to access
# platform/deploy. This resource is the switch; who is on the list is said by
# gitlab_job_token_allowlist_entry or gitlab_job_token_allowlist_exclusive.
resource "gitlab_job_token_scope" "deploy" {
  project = "platform/deploy"

  # Also the default. With `false`, the jobs of any project get in if the user
  # who started them has access, and the plan warns of it.
  inbound_enabled = true

  # Jobs of the project itself do not push to its repository. Not managed where
  # it is left out; needs GitLab 17.2 or later.
  push_repository_for_job_token_allowed = false
}
