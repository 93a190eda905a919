# By the number of the project ...
terraform import gitlab_job_token_scope.deploy 99

# ... or by its full path.
terraform import gitlab_job_token_scope.deploy platform/deploy
