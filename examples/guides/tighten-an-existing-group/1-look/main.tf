# Nothing is managed here, so a token with the scope `read_api` is enough.
data "gitlab_job_token_scopes" "this" {
  group           = var.group
  include_entries = true
}

data "gitlab_job_token_authentication_log" "this" {
  for_each = local.projects
  project  = each.key
}

locals {
  # Settings are null where the token's user isn't a Maintainer.
  projects = {
    for project in data.gitlab_job_token_scopes.this.projects :
    project.path => project if project.inbound_enabled != null
  }

  open = [for path, project in local.projects : path if !project.inbound_enabled]

  # Projects whose jobs have had access without an entry. They need one.
  callers = {
    for path, log in data.gitlab_job_token_authentication_log.this :
    path => { for caller in log.projects : caller.path => caller if caller.allowed_by == null }
  }

  # `unused_entries` is null if GitLab shows only part of the log. Then all
  # entries stay.
  unused = {
    for path, log in data.gitlab_job_token_authentication_log.this :
    path => {
      for entry in coalesce(log.unused_entries, []) :
      "${entry.type} ${entry.id}" => coalesce(entry.path, tostring(entry.id))
    }
  }

  # The entries that stay, by path, or by ID where the token can't see the path.
  entries = {
    for path, project in local.projects : path => {
      for kind in ["project", "group"] : kind => {
        for entry in project.entries : coalesce(entry.path, tostring(entry.id)) => entry
        if entry.type == kind && !contains(keys(local.unused[path]), "${entry.type} ${entry.id}")
      }
    }
  }

  # An entry that is restricted keeps its policies. The others get those that
  # the target needs, or null as long as nobody has chosen them.
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
