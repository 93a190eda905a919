# The configuration after the migration, without the moved, removed and import
# blocks. Without the official provider, the local name `gitlab` is free. If you
# still need that provider, keep `jobtoken` and the lines `provider = jobtoken`.
resource "gitlab_job_token_allowlist_entry" "scanner" {
  project           = "platform/deploy"
  target_project_id = 60
}

resource "gitlab_job_token_allowlist_exclusive" "charts" {
  project            = "platform/charts"
  target_project_ids = [99]
  target_group_ids   = [7]
}

resource "gitlab_job_token_scope" "charts" {
  project         = "platform/charts"
  inbound_enabled = true
}

resource "gitlab_job_token_allowlist_entry" "vault_project" {
  for_each = toset(["60"])

  project           = "security/vault"
  target_project_id = each.key
}

resource "gitlab_job_token_allowlist_entry" "vault_group" {
  for_each = toset(["8"])

  project         = "security/vault"
  target_group_id = each.key
}

resource "gitlab_job_token_scope" "vault" {
  project         = "security/vault"
  inbound_enabled = true
}
