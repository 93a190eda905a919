import {
  to = gitlab_job_token_allowlist_entry.scanner
  id = "platform/deploy:project:security/scanner"
}

import {
  to = gitlab_job_token_allowlist_entry.apps
  id = "99:group:7"
}
