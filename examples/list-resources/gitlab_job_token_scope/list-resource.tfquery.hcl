# The scopes of all projects of the group platform and its subgroups. With
# `-generate-config-out=scopes.tf`, `terraform query` writes import blocks and
# resources for them.
list "gitlab_job_token_scope" "platform" {
  provider = gitlab
  limit    = 1000

  config {
    group = "platform"
  }
}
