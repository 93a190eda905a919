data "gitlab_job_token_authentication_log" "deploy" {
  project = "platform/deploy"
}

locals {
  log = data.gitlab_job_token_authentication_log.deploy

  # Projects that lose access when platform/deploy is restricted to its
  # allowlist.
  uncovered = [for project in local.log.projects : project.path if project.allowed_by == null]

  # Null if GitLab shows only part of the log.
  unused = [for entry in coalesce(local.log.unused_entries, []) : coalesce(entry.path, entry.id)]
}

# Can access be restricted? A check that fails prints a warning.
check "every_caller_of_deploy_has_an_entry" {
  assert {
    condition     = length(local.uncovered) == 0
    error_message = "Used in the last 30 days, without an entry: ${join(", ", local.uncovered)}."
  }
}

# Which entries can be removed?
check "every_entry_of_deploy_is_used" {
  assert {
    condition     = length(local.unused) == 0
    error_message = "Not used in the last 30 days: ${join(", ", local.unused)}."
  }
}

# The last access of each project, and the entry that gives it access.
output "callers_of_deploy" {
  value = {
    for project in local.log.projects : project.path => {
      last_used = project.last_authorized_at
      entry     = project.allowed_by
    }
  }
}
