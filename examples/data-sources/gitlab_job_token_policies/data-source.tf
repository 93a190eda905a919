data "gitlab_job_token_policies" "known" {}

locals {
  # The policies of entries on the allowlist of platform/deploy.
  granted = toset(["READ_JOBS", "READ_PACKAGES"])
}

# A check that fails prints a warning with every plan.
check "every_policy_exists" {
  assert {
    condition     = length(setsubtract(local.granted, data.gitlab_job_token_policies.known.names)) == 0
    error_message = "This version of GitLab doesn't support all of ${join(", ", local.granted)}."
  }
}

# The policies that `job_token_policies` accepts on this version of GitLab.
output "job_token_policies" {
  value = data.gitlab_job_token_policies.known.names
}
