terraform {
  required_providers {
    # The official provider keeps the local name `gitlab`. Resources whose types
    # start with `gitlab_` use it by default.
    gitlab = {
      source  = "gitlabhq/gitlab"
      version = ">= 17.0"
    }

    # This provider has a different local name, so its resources need
    # `provider = jobtoken`.
    jobtoken = {
      source  = "aff15f21/gitlab-job-token"
      version = "~> 0.2"
    }
  }
}

# Both providers read GITLAB_TOKEN and GITLAB_BASE_URL. Attributes that both
# providers have mean the same.
provider "gitlab" {}

provider "jobtoken" {}
