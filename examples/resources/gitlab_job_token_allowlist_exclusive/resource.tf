# These and no others: whatever else is on the list of platform/deploy is
# removed. The first plan names each target that would lose access.
resource "gitlab_job_token_allowlist_exclusive" "deploy" {
  project = "platform/deploy"

  target_projects = [
    "platform/tools/release-bot",
    "security/scanner",
  ]
  target_groups = [
    "platform/apps",
  ]
}

# A kind that is left out is left alone: here any group may be on the list, but
# of projects only the one.
resource "gitlab_job_token_allowlist_exclusive" "charts" {
  project         = "platform/charts"
  target_projects = ["platform/deploy"]
}

# Empty sets let nobody in but the project itself.
resource "gitlab_job_token_allowlist_exclusive" "vault" {
  project         = "security/vault"
  target_projects = []
  target_groups   = []
}
