data "gitlab_job_token_scope" "deploy" {
  project = "platform/deploy"
}

# Every plan warns as long as the project is open, and changes nothing.
check "deploy_is_limited" {
  assert {
    condition     = data.gitlab_job_token_scope.deploy.inbound_enabled
    error_message = "Jobs of any project may use their job tokens to access platform/deploy."
  }
}
