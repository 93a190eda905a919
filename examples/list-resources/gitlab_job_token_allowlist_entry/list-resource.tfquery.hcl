# All that is on the allowlist of platform/deploy, managed or not. Add
# `-generate-config-out=entries.tf` to `terraform query` for the import blocks
# and resources of what it finds.
list "gitlab_job_token_allowlist_entry" "deploy" {
  provider = gitlab

  config {
    project = "platform/deploy"
  }
}
