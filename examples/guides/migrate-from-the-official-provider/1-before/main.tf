# Where you are: three resources of the official provider.
terraform {
  required_providers {
    gitlab = {
      source  = "gitlabhq/gitlab"
      version = ">= 17.0"
    }
  }
}

# One entry, despite the name.
resource "gitlab_project_job_token_scope" "scanner" {
  project           = "platform/deploy"
  target_project_id = 60
}

# A whole list, with the switch.
resource "gitlab_project_job_token_scopes" "charts" {
  project            = "platform/charts"
  enabled            = true
  target_project_ids = [99]
  target_group_ids   = [7]
}

# Another one, whose entries become single resources.
resource "gitlab_project_job_token_scopes" "vault" {
  project            = "security/vault"
  enabled            = true
  target_project_ids = [60]
  target_group_ids   = [8]
}
