# Removes a whole allowlist from the state. Without `destroy = false`, the
# official provider would empty the allowlist.
# The entries are imported below.
removed {
  from = gitlab_project_job_token_scopes.vault

  lifecycle {
    destroy = false
  }
}

locals {
  # target_project_ids and target_group_ids of the old resource.
  vault_projects = toset(["60"])
  vault_groups   = toset(["8"])
}

import {
  for_each = local.vault_projects
  to       = gitlab_job_token_allowlist_entry.vault_project[each.key]
  id       = "security/vault:project:${each.key}"
}

resource "gitlab_job_token_allowlist_entry" "vault_project" {
  provider = jobtoken
  for_each = local.vault_projects

  project           = "security/vault"
  target_project_id = each.key
}

import {
  for_each = local.vault_groups
  to       = gitlab_job_token_allowlist_entry.vault_group[each.key]
  id       = "security/vault:group:${each.key}"
}

resource "gitlab_job_token_allowlist_entry" "vault_group" {
  provider = jobtoken
  for_each = local.vault_groups

  project         = "security/vault"
  target_group_id = each.key
}

import {
  to = gitlab_job_token_scope.vault
  id = "security/vault"
}

resource "gitlab_job_token_scope" "vault" {
  provider = jobtoken

  project         = "security/vault"
  inbound_enabled = true
}
