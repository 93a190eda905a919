terraform {
  required_providers {
    gitlab = {
      source  = "aff15f21/gitlab-job-token"
      version = "~> 0.2"
    }
  }
}
