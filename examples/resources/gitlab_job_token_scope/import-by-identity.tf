import {
  to = gitlab_job_token_scope.deploy
  identity = {
    project_id = 99
  }
}
