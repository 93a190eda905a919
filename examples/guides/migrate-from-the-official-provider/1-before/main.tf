# Three resources of the official provider.
terraform {
  required_providers {
    gitlab = {
      source  = "gitlabhq/gitlab"
      version = ">= 17.0"
    }
  }
}

# One entry.
resource "gitlab_project_job_token_scope" "scanner" {
  project           = "platform/deploy"
  target_project_id = 60
}

# A whole allowlist, and the restriction of access to it.
resource "gitlab_project_job_token_scopes" "charts" {
  project            = "platform/charts"
  enabled            = true
  target_project_ids = [99]
  target_group_ids   = [7]
}

# A whole allowlist whose entries become single resources.
resource "gitlab_project_job_token_scopes" "vault" {
  project            = "security/vault"
  enabled            = true
  target_project_ids = [60]
  target_group_ids   = [8]
}
