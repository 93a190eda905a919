data "gitlab_job_token_policies" "known" {}

locals {
  # The policies that platform/deploy gives to others. All of them only read.
  granted = toset(["READ_JOBS", "READ_PACKAGES"])
}

# Shown by every plan, for example after an upgrade of GitLab.
check "every_policy_exists" {
  assert {
    condition     = length(setsubtract(local.granted, data.gitlab_job_token_policies.known.names)) == 0
    error_message = "This GitLab doesn't know all of ${join(", ", local.granted)}."
  }
}

# What `job_token_policies` of an entry accepts on this GitLab.
output "job_token_policies" {
  value = data.gitlab_job_token_policies.known.names
}
