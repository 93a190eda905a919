variable "project" {
  description = "Number or full path of the project to look at."
  type        = string
}

variable "target_projects" {
  description = "Full paths of the projects to put on its allowlist."
  type        = list(string)
}

variable "target_groups" {
  description = "Full paths of the groups to put on its allowlist."
  type        = list(string)
}

variable "open" {
  description = "Whether to open the project to everyone."
  type        = bool
  default     = false
}

# Something to look at.
resource "gitlab_job_token_scope" "this" {
  project         = var.project
  inbound_enabled = !var.open
}

resource "gitlab_job_token_allowlist_exclusive" "this" {
  project         = var.project
  target_projects = var.target_projects
  target_groups   = var.target_groups
}

data "gitlab_job_token_scope" "this" {
  project = var.project

  depends_on = [gitlab_job_token_scope.this]
}

data "gitlab_job_token_allowlist" "this" {
  project = var.project

  depends_on = [gitlab_job_token_allowlist_exclusive.this]
}

check "the_project_is_limited" {
  assert {
    condition     = data.gitlab_job_token_scope.this.inbound_enabled
    error_message = "${var.project} is open to the job tokens of all projects."
  }
}
