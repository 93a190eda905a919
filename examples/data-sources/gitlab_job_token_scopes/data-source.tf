data "gitlab_job_token_scopes" "platform" {
  group           = "platform"
  include_entries = true
}

locals {
  # Settings are null if the token's user isn't a Maintainer of the project.
  known = [
    for project in data.gitlab_job_token_scopes.platform.projects : project
    if project.inbound_enabled != null
  ]
  open     = [for project in local.known : project.path if !project.inbound_enabled]
  generous = [for project in local.known : project.path if project.default_permissions_count > 0]
  pushable = [
    for project in local.known : project.path
    if project.cross_project_push_for_job_token_allowed == true
  ]
}

# Checks that fail print warnings with every plan, and change nothing.
check "every_project_is_restricted" {
  assert {
    condition     = length(local.open) == 0
    error_message = "Open to the job tokens of all projects: ${join(", ", local.open)}."
  }
}

check "every_entry_has_only_the_permissions_it_needs" {
  assert {
    condition     = length(local.generous) == 0
    error_message = "Entries with the default permissions: ${join(", ", local.generous)}."
  }
}

check "no_project_accepts_pushes_of_others" {
  assert {
    condition     = length(local.pushable) == 0
    error_message = "Jobs of other projects can push: ${join(", ", local.pushable)}."
  }
}

# Prints a table: terraform output -raw job_token_access
output "job_token_access" {
  value = join("\n", concat(
    [format("%-32s %-10s %8s %6s %7s", "PROJECT", "RESTRICTED", "PROJECTS", "GROUPS", "DEFAULT")],
    [
      for project in local.known : format("%-32s %-10t %8d %6d %7d", project.path, project.inbound_enabled,
        project.allowed_project_count, project.allowed_group_count, project.default_permissions_count
      )
    ],
  ))
}

# The targets on each allowlist. To list the projects that each target can
# access, use transpose(...).
output "allowed" {
  value = { for project in local.known : project.path => [for entry in project.entries : entry.path] }
}
