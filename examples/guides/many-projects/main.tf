locals {
  # One element per entry. The keys contain project and target, so that
  # additions to the map don't change the addresses of other entries, and the
  # plan is easy to read.
  entries = merge([
    for project, access in var.access : merge(
      { for target in access.projects : "${project} <- ${target}" => { project = project, target_project = target, target_group = null } },
      { for target in access.groups : "${project} <- ${target}/*" => { project = project, target_project = null, target_group = target } },
    )
  ]...)
}

# Other entries stay on the allowlists. To remove them, use
# gitlab_job_token_allowlist_exclusive.
resource "gitlab_job_token_allowlist_entry" "this" {
  for_each = local.entries

  project        = each.value.project
  target_project = each.value.target_project
  target_group   = each.value.target_group
}
