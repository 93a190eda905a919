# Restricts access to platform/deploy to the projects and groups on its
# allowlist. To manage who is on it, use gitlab_job_token_allowlist_entry or
# gitlab_job_token_allowlist_exclusive.
resource "gitlab_job_token_scope" "deploy" {
  project = "platform/deploy"

  # This is the default. With `false`, jobs of any project have access if the
  # user who runs them has it, and the plan warns.
  inbound_enabled = true

  # Jobs of the project itself can't push to its repository. If left out, the
  # setting isn't managed. Needs GitLab 17.2 or later.
  push_repository_for_job_token_allowed = false
}
