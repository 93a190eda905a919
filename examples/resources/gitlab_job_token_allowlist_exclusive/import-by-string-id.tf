import {
  to = gitlab_job_token_allowlist_exclusive.deploy
  id = "platform/deploy" # or its ID: "99"
}
