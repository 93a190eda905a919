terraform {
  required_providers {
    # Stays until the moves are applied: until then the state still needs it.
    gitlab = {
      source  = "gitlabhq/gitlab"
      version = ">= 17.0"
    }

    jobtoken = {
      source  = "aff15f21/gitlab-job-token"
      version = "~> 0.1"
    }
  }
}
