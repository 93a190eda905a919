# A single project, with only the permissions that its jobs need. Permissions
# need GitLab 18.3 or later.
resource "gitlab_job_token_allowlist_entry" "scanner" {
  project            = "platform/deploy"
  target_project     = "security/scanner"
  job_token_policies = ["READ_JOBS", "READ_PACKAGES"]
}

# A group stands for all projects in it and in its subgroups, including those
# created later.
resource "gitlab_job_token_allowlist_entry" "apps" {
  project            = "platform/deploy"
  target_group       = "platform/apps"
  job_token_policies = ["READ_PACKAGES"]
}

# Without permissions in the configuration, a new entry has GitLab's default
# permissions, and an existing entry keeps those that it has. The target can be
# an ID instead of a path.
resource "gitlab_job_token_allowlist_entry" "release_bot" {
  project           = "platform/deploy"
  target_project_id = 57
}

# The project itself ("Current project" in GitLab), with the default
# permissions. Without this entry, an entry for a group that platform/deploy is
# in restricts the jobs of platform/deploy, too.
resource "gitlab_job_token_allowlist_entry" "own" {
  project             = "platform/deploy"
  target_project      = "platform/deploy"
  default_permissions = true
}
