terraform {
  required_providers {
    gitlab = {
      source  = "aff15f21/gitlab-job-token"
      version = "~> 0.2"
    }
  }
}

# Reads the token from GITLAB_TOKEN. The token needs the scope `api`, and its user
# at least the Maintainer role in each project whose settings are managed.
provider "gitlab" {
  # Not needed for GitLab.com, and in jobs of the same GitLab instance.
  base_url = "https://gitlab.example.com"
}
