# <project>:project:<target project> or <project>:group:<target group>, each by
# ID or full path. <project>:<target project>, the form of older versions of the
# official provider, is also accepted.
terraform import gitlab_job_token_allowlist_entry.scanner platform/deploy:project:security/scanner
terraform import gitlab_job_token_allowlist_entry.apps platform/deploy:group:platform/apps
terraform import gitlab_job_token_allowlist_entry.release_bot 99:project:57

# The entry of the project for itself ("Current project").
terraform import gitlab_job_token_allowlist_entry.own platform/deploy:project:platform/deploy
