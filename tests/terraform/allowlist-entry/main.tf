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

variable "id_before" {
  description = "ID in an earlier run of the test, to compare with. OpenTofu's assertions can't refer to other runs."
  type        = string
  default     = null
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
