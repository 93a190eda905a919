# The least that works: one project that needs access, by name.
resource "gitlab_job_token_allowlist_entry" "scanner" {
  project        = "platform/deploy"
  target_project = "security/scanner"
}

# A group lets in every project in it and in its subgroups, those of tomorrow
# too: right for a team, too much for a company.
resource "gitlab_job_token_allowlist_entry" "apps" {
  project      = "platform/deploy"
  target_group = "platform/apps"
}

# Numbers do as well as paths, for example those that another module puts out.
resource "gitlab_job_token_allowlist_entry" "release_bot" {
  project           = "platform/deploy"
  target_project_id = 57
}
