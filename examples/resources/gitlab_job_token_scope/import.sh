# <project>, by ID ...
terraform import gitlab_job_token_scope.deploy 99

# ... or by full path.
terraform import gitlab_job_token_scope.deploy platform/deploy
