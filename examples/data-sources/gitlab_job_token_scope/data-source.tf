data "gitlab_job_token_scope" "deploy" {
  project = "platform/deploy"
}

# Prints a warning with every plan while the project is open.
check "deploy_is_restricted" {
  assert {
    condition     = data.gitlab_job_token_scope.deploy.inbound_enabled
    error_message = "Jobs of all projects can access platform/deploy."
  }
}

# Null if GitLab doesn't have the setting, or it isn't visible to the token.
check "no_other_project_pushes_to_deploy" {
  assert {
    condition     = data.gitlab_job_token_scope.deploy.cross_project_push_for_job_token_allowed != true
    error_message = "Jobs of other projects on the allowlist can push to platform/deploy."
  }
}
