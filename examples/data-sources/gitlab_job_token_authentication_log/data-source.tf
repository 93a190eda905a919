data "gitlab_job_token_authentication_log" "deploy" {
  project = "platform/deploy"
}

locals {
  log = data.gitlab_job_token_authentication_log.deploy

  # Projects that lose access when platform/deploy is restricted to its
  # allowlist.
  uncovered = [for project in local.log.projects : project.path if project.allowed_by == null]

  # Null if GitLab shows only part of the log.
  unused = [for entry in coalesce(local.log.unused_entries, []) : entry.path]
}

# May I restrict access? Checks that fail are warnings, and change nothing.
check "every_caller_of_deploy_has_an_entry" {
  assert {
    condition     = length(local.uncovered) == 0
    error_message = "Used in the last 30 days, without an entry: ${join(", ", local.uncovered)}."
  }
}

# What can go?
check "every_entry_of_deploy_is_used" {
  assert {
    condition     = length(local.unused) == 0
    error_message = "Not used in the last 30 days: ${join(", ", local.unused)}."
  }
}

# When each project was last here, and the entry that let it in.
output "callers_of_deploy" {
  value = {
    for project in local.log.projects : project.path => {
      last_used = project.last_authorized_at
      entry     = project.allowed_by
    }
  }
}
