# A new project, made by the official provider.
resource "gitlab_project" "payments" {
  name         = "payments"
  namespace_id = 11 # shop
}

# Its number is not known before it exists; the plan says so, and the apply
# settles it.
resource "gitlab_job_token_scope" "payments" {
  provider = jobtoken

  project = gitlab_project.payments.id
}

resource "gitlab_job_token_allowlist_entry" "payments_from_deploy" {
  provider = jobtoken

  project        = gitlab_project.payments.id
  target_project = "platform/deploy"
}

# And the other way round: the new project may fetch charts.
resource "gitlab_job_token_allowlist_entry" "charts_from_payments" {
  provider = jobtoken

  project        = "platform/charts"
  target_project = gitlab_project.payments.id
}
