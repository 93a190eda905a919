data "gitlab_job_token_policies" "known" {}

locals {
  # The policies of entries on the allowlist of platform/deploy.
  granted = toset(["READ_JOBS", "READ_PACKAGES"])
}

# Warns with every plan, for example after an upgrade of GitLab.
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
