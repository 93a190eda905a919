terraform {
  required_providers {
    # The official provider keeps the local name `gitlab`, and with it all
    # resources whose names begin so.
    gitlab = {
      source  = "gitlabhq/gitlab"
      version = ">= 17.0"
    }

    # This one takes another local name. Its resources begin with `gitlab_` too,
    # so each says `provider = jobtoken`.
    jobtoken = {
      source  = "aff15f21/gitlab-job-token"
      version = "~> 0.1"
    }
  }
}

# Both read GITLAB_TOKEN and GITLAB_BASE_URL, and the attributes of a provider
# block have the same names in both.
provider "gitlab" {}

provider "jobtoken" {}
