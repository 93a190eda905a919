variable "project" {
  description = "Number or full path of the project that is accessed."
  type        = string
}

variable "target_project" {
  description = "Number or full path of a project that gets access."
  type        = string
}

variable "target_group" {
  description = "Number or full path of a group that gets access."
  type        = string
}

resource "gitlab_job_token_allowlist_entry" "project" {
  project        = var.project
  target_project = var.target_project
}

resource "gitlab_job_token_allowlist_entry" "group" {
  project      = var.project
  target_group = var.target_group
}

# What GitLab itself says afterwards.
data "gitlab_job_token_allowlist" "after" {
  project = var.project

  depends_on = [
    gitlab_job_token_allowlist_entry.project,
    gitlab_job_token_allowlist_entry.group,
  ]
}

output "ids" {
  value = {
    project = gitlab_job_token_allowlist_entry.project.id
    group   = gitlab_job_token_allowlist_entry.group.id
  }
}

output "target_project_id" {
  value = gitlab_job_token_allowlist_entry.project.target_project_id
}
