import {
  to = gitlab_job_token_allowlist_exclusive.deploy
  identity = {
    project_id = 99
  }
}
