terraform {
  required_providers {
    # The state needs this provider until the moves are applied.
    gitlab = {
      source  = "gitlabhq/gitlab"
      version = ">= 17.0"
    }

    jobtoken = {
      source  = "aff15f21/gitlab-job-token"
      version = "~> 0.2"
    }
  }
}
