locals {
  # One element for each project or group that gets access. The keys name both
  # ends, so that an addition to the map never moves the address of another
  # entry, and a plan can be read without looking anything up.
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
