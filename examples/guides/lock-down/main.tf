# The whole allowlist of each project. The first plan names every target that
# loses access. Add those that still need it to the map.
resource "gitlab_job_token_allowlist_exclusive" "this" {
  for_each = var.allowlists

  project = each.key
  projects = {
    for path, policies in each.value.projects :
    path => { job_token_policies = policies }
  }
  groups = {
    for path, policies in each.value.groups :
    path => { job_token_policies = policies }
  }
}

# Fill the allowlists before restricting access; otherwise, allowed jobs fail in
# between. Destroying keeps access restricted, which is GitLab's default.
resource "gitlab_job_token_scope" "this" {
  for_each = var.allowlists

  project         = each.key
  inbound_enabled = true

  depends_on = [gitlab_job_token_allowlist_exclusive.this]
}
