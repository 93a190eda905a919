# Moves an entry, without a request to GitLab.
moved {
  from = gitlab_project_job_token_scope.scanner
  to   = gitlab_job_token_allowlist_entry.scanner
}

resource "gitlab_job_token_allowlist_entry" "scanner" {
  provider = jobtoken

  project           = "platform/deploy"
  target_project_id = 60
}

# Moves a whole allowlist to an exclusive allowlist.
moved {
  from = gitlab_project_job_token_scopes.charts
  to   = gitlab_job_token_allowlist_exclusive.charts
}

resource "gitlab_job_token_allowlist_exclusive" "charts" {
  provider = jobtoken

  project            = "platform/charts"
  target_project_ids = [99]
  target_group_ids   = [7]
}

# Imports a scope, which replaces `enabled`.
import {
  to = gitlab_job_token_scope.charts
  id = "platform/charts"
}

resource "gitlab_job_token_scope" "charts" {
  provider = jobtoken

  project         = "platform/charts"
  inbound_enabled = true
}
