variable "project" {
  description = "Number or full path of the project that is accessed."
  type        = string
}

variable "target_projects" {
  description = "The projects that get access; null leaves the projects on the list alone."
  type        = set(string)
}

variable "target_groups" {
  description = "The groups that get access; null leaves the groups on the list alone."
  type        = set(string)
}

variable "id_before" {
  description = "ID in an earlier run of the test, to compare with. OpenTofu's assertions can't refer to other runs."
  type        = string
  default     = null
}

resource "gitlab_job_token_allowlist_exclusive" "this" {
  project         = var.project
  target_projects = var.target_projects
  target_groups   = var.target_groups
}

# What GitLab itself says afterwards.
data "gitlab_job_token_allowlist" "after" {
  project = gitlab_job_token_allowlist_exclusive.this.project

  depends_on = [gitlab_job_token_allowlist_exclusive.this]
}

output "id" {
  value = gitlab_job_token_allowlist_exclusive.this.id
}
