resource "gitlab_job_token_allowlist_exclusive" "this" {
  for_each = var.projects

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

resource "gitlab_job_token_scope" "this" {
  for_each = var.projects

  project                                  = each.key
  inbound_enabled                          = each.value.inbound_enabled
  cross_project_push_for_job_token_allowed = each.value.cross_project_push

  depends_on = [gitlab_job_token_allowlist_exclusive.this]
}
