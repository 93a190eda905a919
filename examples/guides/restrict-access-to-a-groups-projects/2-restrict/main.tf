# The whole allowlist of each project. The first plan names every target that
# loses access because it isn't in the map.
resource "gitlab_job_token_allowlist_exclusive" "this" {
  for_each = var.allowlists

  project  = each.key
  projects = each.value.projects
  groups   = each.value.groups
}

# Fill all allowlists first, so that allowed jobs don't fail in between.
# Removing a project from `restricted` doesn't open it again.
resource "gitlab_job_token_scope" "this" {
  for_each = var.restricted == null ? toset(keys(var.allowlists)) : var.restricted

  project         = each.key
  inbound_enabled = true

  lifecycle {
    precondition {
      condition     = contains(keys(var.allowlists), each.key)
      error_message = "${each.key} has no allowlist in the map."
    }
  }

  depends_on = [gitlab_job_token_allowlist_exclusive.this]
}
