data "gitlab_job_token_scope" "deploy" {
  project = "platform/deploy"
}

# Every plan warns while the project is open. A check changes nothing.
check "deploy_is_restricted" {
  assert {
    condition     = data.gitlab_job_token_scope.deploy.inbound_enabled
    error_message = "Jobs of any project may use their job tokens to access platform/deploy."
  }
}

# Null where GitLab doesn't have the setting or doesn't show it to the token.
check "no_other_project_pushes_to_deploy" {
  assert {
    condition     = data.gitlab_job_token_scope.deploy.cross_project_push_for_job_token_allowed != true
    error_message = "Jobs of other projects on the allowlist can push to platform/deploy."
  }
}
