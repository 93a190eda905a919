# The same rules as `check` blocks. A check that fails prints a warning, during
# plan and apply.
check "projects_are_restricted" {
  assert {
    condition     = alltrue([for scope in gitlab_job_token_scope.this : scope.inbound_enabled])
    error_message = "A project is open to the job tokens of all projects."
  }
}

check "groups_have_policies" {
  assert {
    condition = alltrue(flatten([
      for list in gitlab_job_token_allowlist_exclusive.this : [
        for group in list.groups : group.job_token_policies != null
      ]
    ]))
    error_message = "A group has the default permissions."
  }
}

check "other_projects_can_not_push" {
  assert {
    condition = alltrue([
      for scope in gitlab_job_token_scope.this : scope.cross_project_push_for_job_token_allowed != true
    ])
    error_message = "Jobs of other projects can push."
  }
}

# Reads all projects of the group after the apply, including projects that
# aren't managed and entries that others have added. If the data source were in
# the check, every plan would show changes.
data "gitlab_job_token_scopes" "this" {
  group           = var.group
  include_entries = true

  depends_on = [gitlab_job_token_allowlist_exclusive.this, gitlab_job_token_scope.this]
}

locals {
  found = data.gitlab_job_token_scopes.this.projects

  open = [for project in local.found : project.path if project.inbound_enabled == false]

  generous = flatten([
    for project in local.found : [
      for entry in coalesce(project.entries, []) : "${project.path} <- ${coalesce(entry.path, entry.id)}"
      if entry.type == "group" && entry.default_permissions == true
    ]
  ])

  pushable = [for project in local.found : project.path if project.cross_project_push_for_job_token_allowed == true]
}

check "group_follows_the_rules" {
  assert {
    condition     = length(local.open) == 0
    error_message = "Open: ${join(", ", local.open)}."
  }

  assert {
    condition     = length(local.generous) == 0
    error_message = "Groups with the default permissions: ${join(", ", local.generous)}."
  }

  assert {
    condition     = length(local.pushable) == 0
    error_message = "Open to pushes: ${join(", ", local.pushable)}."
  }
}
