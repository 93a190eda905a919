import {
  to = gitlab_job_token_allowlist_entry.scanner
  identity = {
    project_id        = 99
    target_project_id = 60
  }
}

import {
  to = gitlab_job_token_allowlist_entry.apps
  identity = {
    project_id      = 99
    target_group_id = 7
  }
}
