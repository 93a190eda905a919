variable "project" {
  description = "Project to restrict access to, by full path or ID."
  type        = string
}

variable "callers" {
  description = "Projects whose jobs need access, by full path."
  type        = set(string)
}

resource "gitlab_job_token_scope" "this" {
  project = var.project
}

data "gitlab_job_token_scope" "caller" {
  for_each = var.callers
  project  = each.key
}

resource "gitlab_job_token_allowlist_entry" "caller" {
  for_each = var.callers

  project           = gitlab_job_token_scope.this.project_id
  target_project_id = data.gitlab_job_token_scope.caller[each.key].project_id
}

output "open_callers" {
  description = "Callers that are open to the job tokens of all projects."
  value       = [for path, scope in data.gitlab_job_token_scope.caller : path if !scope.inbound_enabled]
}
