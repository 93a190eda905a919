# The allowlist of platform/deploy has exactly these entries, with these
# permissions.
resource "gitlab_job_token_allowlist_exclusive" "deploy" {
  project = "platform/deploy"

  projects = {
    "platform/tools/release-bot" = {
      job_token_policies = ["ADMIN_PACKAGES", "ADMIN_RELEASES"]
    }
    "security/scanner" = {
      job_token_policies = ["READ_REPOSITORIES"]
    }
  }
  groups = {
    "platform/apps" = {
      job_token_policies = ["READ_PACKAGES"]
    }
  }
}

# Without `groups`, groups aren't managed, and existing groups stay.
resource "gitlab_job_token_allowlist_exclusive" "charts" {
  project = "platform/charts"

  projects = {
    "platform/deploy" = { default_permissions = true }
  }
}

# An empty allowlist: if the project is restricted, no other project has access.
resource "gitlab_job_token_allowlist_exclusive" "vault" {
  project  = "security/vault"
  projects = {}
  groups   = {}
}

# Sets don't manage permissions. Use them with GitLab before 18.3.
resource "gitlab_job_token_allowlist_exclusive" "storefront" {
  project         = "platform/apps/storefront"
  target_projects = ["platform/deploy"]
  target_groups   = ["security"]
}
