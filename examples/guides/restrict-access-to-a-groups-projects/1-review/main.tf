# This configuration manages nothing, so the `read_api` scope is enough.
data "gitlab_job_token_scopes" "this" {
  group           = var.group
  include_entries = true
}

data "gitlab_job_token_authentication_log" "this" {
  for_each = local.projects
  project  = each.key
}

locals {
  # Settings are null if the token's user isn't a Maintainer of the project.
  projects = {
    for project in data.gitlab_job_token_scopes.this.projects :
    project.path => project if project.inbound_enabled != null
  }

  open = [for path, project in local.projects : path if !project.inbound_enabled]

  # Projects whose jobs have had access without an entry. They need an entry.
  callers = {
    for path, log in data.gitlab_job_token_authentication_log.this :
    path => { for caller in log.projects : caller.path => caller if caller.allowed_by == null }
  }

  # `unused_entries` is null if GitLab shows only part of the log. Then, all
  # entries are kept.
  unused = {
    for path, log in data.gitlab_job_token_authentication_log.this :
    path => {
      for entry in coalesce(log.unused_entries, []) :
      "${entry.type} ${entry.id}" => coalesce(entry.path, tostring(entry.id))
    }
  }

  # Entries to keep, by path, or by ID if the path isn't visible to the token.
  entries = {
    for path, project in local.projects : path => {
      for kind in ["project", "group"] : kind => {
        for entry in project.entries : coalesce(entry.path, tostring(entry.id)) => entry
        if entry.type == kind && !contains(keys(local.unused[path]), "${entry.type} ${entry.id}")
      }
    }
  }

  # Entries that have policies keep them. The others get the policies in
  # `needs`, or null if the target isn't in `needs`.
  allowlists = {
    for path, entries in local.entries : path => {
      for kind, kept in entries : kind => merge(
        {
          for target, entry in kept :
          target => entry.default_permissions ? lookup(var.needs, target, null) : toset(entry.job_token_policies)
        },
        { for target, caller in local.callers[path] : target => lookup(var.needs, target, null) if kind == "project" },
      )
    }
  }

  undecided = distinct(flatten([
    for lists in local.allowlists : [
      for targets in lists : [for target, policies in targets : target if policies == null]
    ]
  ]))
}
