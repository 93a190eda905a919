# By the number or the full path of the project. The next plan names each target
# that is on the list and not in the configuration.
terraform import gitlab_job_token_allowlist_exclusive.deploy platform/deploy
terraform import gitlab_job_token_allowlist_exclusive.vault 61
