terraform {
  required_providers {
    gitlab = {
      source  = "aff15f21/gitlab-job-token"
      version = "~> 0.1"
    }
  }
}

# The token is read from GITLAB_TOKEN, so that it is in no file. It needs the
# scope `api`, and its user at least the Maintainer role in each project whose
# settings are managed.
provider "gitlab" {
  # Leave this out for GitLab.com. In GitLab CI/CD, the address of the own
  # instance is found by itself.
  base_url = "https://gitlab.example.com"
}
