# This configuration manages nothing, so the `read_api` scope is enough.
data "gitlab_job_token_scope" "this" {
  for_each = var.projects
  project  = each.key
}

data "gitlab_job_token_allowlist" "this" {
  for_each = var.projects
  project  = each.key
}

locals {
  open = [for project, scope in data.gitlab_job_token_scope.this : project if !scope.inbound_enabled]

  # The targets on each allowlist. If a path isn't visible to the token, the ID
  # is shown instead.
  allowed = {
    for project, list in data.gitlab_job_token_allowlist.this : project => concat(
      [for target in list.projects : coalesce(target.path, "project ${target.id}")],
      [for target in list.groups : "${coalesce(target.path, "group ${target.id}")}/*"],
    )
  }

  strangers = flatten([
    for project, targets in local.allowed : [
      for target in targets : "${project} <- ${target}"
      if !anytrue([for namespace in var.trusted_namespaces : startswith(target, "${namespace}/")])
    ]
  ])
}

# Checks that fail print warnings, so that a pipeline shows all of them at once.
check "every_project_is_restricted" {
  assert {
    condition     = length(local.open) == 0
    error_message = "Open to the job tokens of all projects: ${join(", ", local.open)}."
  }
}

check "every_target_is_trusted" {
  assert {
    condition     = length(local.strangers) == 0
    error_message = "Allowed, but not below a trusted group: ${join(", ", local.strangers)}."
  }
}
