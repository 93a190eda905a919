terraform {
  required_providers {
    gitlab = {
      source  = "aff15f21/gitlab-job-token"
      version = "~> 0.2"
    }
  }
}

# The provider reads the token from GITLAB_TOKEN.
provider "gitlab" {
  # Omit this for GitLab.com, and in CI/CD jobs of the same GitLab instance.
  base_url = "https://gitlab.example.com"
}

# Jobs of security/scanner can read packages of platform/deploy.
resource "gitlab_job_token_allowlist_entry" "scanner" {
  project            = "platform/deploy"
  target_project     = "security/scanner"
  job_token_policies = ["READ_PACKAGES"]
}
