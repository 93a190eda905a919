# This configuration manages nothing, so the `read_api` scope is enough.
data "gitlab_job_token_scopes" "this" {
  group           = var.group
  include_entries = true
}

data "gitlab_job_token_authentication_log" "this" {
  project = var.project
}

locals {
  projects = data.gitlab_job_token_scopes.this.projects

  # One edge per entry: jobs of `from` can access `to`. Entries are null if the
  # token's user isn't a Maintainer of the project. Groups are shown as their
  # path, followed by `/*`.
  edges = flatten([
    for project in local.projects : [
      for entry in coalesce(project.entries, []) : {
        from     = entry.type == "group" ? "${entry.path}/*" : entry.path
        to       = project.path
        type     = entry.type
        path     = entry.path
        policies = entry.default_permissions ? ["default permissions"] : entry.job_token_policies
      }
    ]
  ])

  nodes = distinct(concat(local.edges[*].from, local.edges[*].to))

  # Which targets can access the project?
  callers = [for edge in local.edges : edge.from if edge.to == var.project]

  # Which projects can the project access, by its own entry or that of a group
  # that it is in?
  reachable = distinct([
    for edge in local.edges : edge.to
    if edge.type == "group" ? startswith(lower(var.project), lower("${edge.path}/")) : edge.path == var.project
  ])

  # Which groups have the default permissions, which are all that a job token
  # can have?
  generous = [
    for edge in local.edges : "${edge.to} <- ${edge.from}"
    if edge.type == "group" && contains(edge.policies, "default permissions")
  ]

  # Which entries of the project has nobody used for 30 days?
  unused = [
    for entry in coalesce(data.gitlab_job_token_authentication_log.this.unused_entries, []) :
    entry.type == "group" ? "${entry.path}/*" : entry.path
  ]

  # To which projects can jobs of other projects push?
  pushable = [
    for project in local.projects : project.path
    if project.cross_project_push_for_job_token_allowed == true
  ]
}
