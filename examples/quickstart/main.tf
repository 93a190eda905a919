# The address of GitLab and the token come from GITLAB_BASE_URL and GITLAB_TOKEN.
provider "gitlab" {}

# Jobs of two projects can access platform/deploy with their job tokens.
resource "gitlab_job_token_allowlist_entry" "tool" {
  for_each = toset(["platform/tools/release-bot", "security/scanner"])

  project        = "platform/deploy"
  target_project = each.value
}

# Jobs of all projects in a group can also access it.
resource "gitlab_job_token_allowlist_entry" "apps" {
  project      = "platform/deploy"
  target_group = "platform/apps"
}

# No other projects have access. The allowlist is filled first, so that allowed
# jobs don't fail in between.
resource "gitlab_job_token_scope" "deploy" {
  project = "platform/deploy"

  depends_on = [
    gitlab_job_token_allowlist_entry.tool,
    gitlab_job_token_allowlist_entry.apps,
  ]
}
