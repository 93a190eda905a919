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

# Both providers read GITLAB_TOKEN and GITLAB_BASE_URL. The official provider
# supports all attributes of this provider's block, and more.
provider "gitlab" {}

provider "jobtoken" {}
