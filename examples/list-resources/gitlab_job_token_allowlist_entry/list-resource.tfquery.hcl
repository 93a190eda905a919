# All entries on the allowlist of platform/deploy. With
# `-generate-config-out=entries.tf`, `terraform query` writes import blocks and
# resources for them.
list "gitlab_job_token_allowlist_entry" "deploy" {
  provider = gitlab

  config {
    project = "platform/deploy"
  }
}
