# The whole list of each project. The first plan names every target that is on
# a list now and would lose access: add those that are needed to the map.
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

# First the lists are filled, then the doors are shut: in the other order, jobs
# that are on the new list would fail in between. Destroying goes the other way
# round, and leaves the doors shut: that is GitLab's own default.
resource "gitlab_job_token_scope" "this" {
  for_each = var.allowlists

  project         = each.key
  inbound_enabled = true

  depends_on = [gitlab_job_token_allowlist_exclusive.this]
}
