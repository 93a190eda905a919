# Where GitLab is, and the token, come from GITLAB_BASE_URL and GITLAB_TOKEN.
provider "gitlab" {}

# Only projects and groups on the allowlist may use their job tokens on the deployment project ...
resource "gitlab_job_token_scope" "deploy" {
  project = "platform/deploy"
}

# ... and these are on it: two projects ...
resource "gitlab_job_token_allowlist_entry" "app" {
  for_each = toset(["apps/shop", "apps/search"])

  project        = gitlab_job_token_scope.deploy.project
  target_project = each.value
}

# ... and every project of a group.
resource "gitlab_job_token_allowlist_entry" "release_managers" {
  project      = gitlab_job_token_scope.deploy.project
  target_group = "release-managers"
}
