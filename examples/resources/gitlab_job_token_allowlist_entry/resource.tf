# Jobs of security/scanner can access platform/deploy with these permissions,
# which need GitLab 18.3 or later.
resource "gitlab_job_token_allowlist_entry" "scanner" {
  project            = "platform/deploy"
  target_project     = "security/scanner"
  job_token_policies = ["READ_JOBS", "READ_PACKAGES"]
}

# A group includes all projects in it and in its subgroups, even those created
# later.
resource "gitlab_job_token_allowlist_entry" "apps" {
  project            = "platform/deploy"
  target_group       = "platform/apps"
  job_token_policies = ["READ_PACKAGES"]
}

# Without permissions in the configuration, a new entry has the default
# permissions. The target can be an ID instead of a path.
resource "gitlab_job_token_allowlist_entry" "release_bot" {
  project           = "platform/deploy"
  target_project_id = 57
}

# The permissions of the project's own jobs ("Current project" in GitLab).
resource "gitlab_job_token_allowlist_entry" "own" {
  project             = "platform/deploy"
  target_project      = "platform/deploy"
  default_permissions = true
}
