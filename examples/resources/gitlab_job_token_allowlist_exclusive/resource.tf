# These and no others, with these permissions: whatever else is on the list of
# platform/deploy is removed. The first plan names each target that would lose
# access or permissions.
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

# A kind that is left out is left alone: here any group may be on the list, but
# of projects only the one.
resource "gitlab_job_token_allowlist_exclusive" "charts" {
  project = "platform/charts"

  projects = {
    "platform/deploy" = { default_permissions = true }
  }
}

# Empty maps let nobody in but the project itself.
resource "gitlab_job_token_allowlist_exclusive" "vault" {
  project  = "security/vault"
  projects = {}
  groups   = {}
}

# Sets manage who is on the list, and no permissions: for GitLab before 18.3.
resource "gitlab_job_token_allowlist_exclusive" "storefront" {
  project         = "platform/apps/storefront"
  target_projects = ["platform/deploy"]
  target_groups   = ["security"]
}
