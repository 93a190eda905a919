# The allowlists of all projects of the group platform, without its subgroups.
# Add `-generate-config-out=allowlists.tf` to `terraform query` for the import
# blocks and resources of what it finds.
list "gitlab_job_token_allowlist_exclusive" "platform" {
  provider = gitlab
  limit    = 1000

  config {
    group             = "platform"
    include_subgroups = false
  }
}
