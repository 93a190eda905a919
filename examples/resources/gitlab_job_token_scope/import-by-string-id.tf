import {
  to = gitlab_job_token_scope.deploy
  id = "platform/deploy" # or its ID: "99"
}
