# <project>, by ID or full path. The next plan names each target that is on the
# allowlist and not in the configuration.
terraform import gitlab_job_token_allowlist_exclusive.deploy platform/deploy
terraform import gitlab_job_token_allowlist_exclusive.vault 61
