# The allowlists of all projects of the group platform, without its subgroups.
# With `-generate-config-out=allowlists.tf`, `terraform query` writes import
# blocks and resources for them.
list "gitlab_job_token_allowlist_exclusive" "platform" {
  provider = gitlab
  limit    = 1000

  config {
    group             = "platform"
    include_subgroups = false
  }
}
