# By the number or the full path of the project.
terraform import gitlab_job_token_scope.deploy 99
terraform import gitlab_job_token_scope.deploy platform/deploy
