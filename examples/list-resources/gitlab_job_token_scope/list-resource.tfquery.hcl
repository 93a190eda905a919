# The scopes of all projects of the group platform and its subgroups, managed or
# not. Add `-generate-config-out=scopes.tf` to `terraform query` for the import
# blocks and resources of what it finds.
list "gitlab_job_token_scope" "platform" {
  provider = gitlab
  limit    = 1000

  config {
    group = "platform"
  }
}
