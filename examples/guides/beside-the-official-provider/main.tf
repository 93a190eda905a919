# The official provider creates a project.
resource "gitlab_project" "payments" {
  name         = "payments"
  namespace_id = 11 # shop
}

# The ID of the project is known after the apply.
resource "gitlab_job_token_scope" "payments" {
  provider = jobtoken

  project = gitlab_project.payments.id
}

resource "gitlab_job_token_allowlist_entry" "payments_from_deploy" {
  provider = jobtoken

  project        = gitlab_project.payments.id
  target_project = "platform/deploy"
}

# The new project can access platform/charts.
resource "gitlab_job_token_allowlist_entry" "charts_from_payments" {
  provider = jobtoken

  project        = "platform/charts"
  target_project = gitlab_project.payments.id
}
