# The least that works: one project that needs access, and of all that a job
# token can do, only what it needs. Permissions need GitLab 18.3 or later.
resource "gitlab_job_token_allowlist_entry" "scanner" {
  project            = "platform/deploy"
  target_project     = "security/scanner"
  job_token_policies = ["READ_JOBS", "READ_PACKAGES"]
}

# A group lets in every project in it and in its subgroups, those of tomorrow
# too: right for a team, too much for a company. The fewer permissions the
# better.
resource "gitlab_job_token_allowlist_entry" "apps" {
  project            = "platform/deploy"
  target_group       = "platform/apps"
  job_token_policies = ["READ_PACKAGES"]
}

# Without a word on permissions, a new entry has GitLab's default ones, which are
# all, and those of an existing entry are left as they are. Numbers do as well as
# paths, for example those that another module puts out.
resource "gitlab_job_token_allowlist_entry" "release_bot" {
  project           = "platform/deploy"
  target_project_id = 57
}
