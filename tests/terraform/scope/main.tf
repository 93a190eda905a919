variable "project" {
  description = "Number or full path of the project."
  type        = string
}

variable "inbound_enabled" {
  description = "Whether access is limited to the allowlist; null for the provider's default."
  type        = bool
  default     = null
}

variable "may_be_open" {
  description = "Whether this module may open a project at all."
  type        = bool
  default     = false
}

variable "id_before" {
  description = "ID in an earlier run of the test, to compare with. OpenTofu's assertions can't refer to other runs."
  type        = string
  default     = null
}

resource "gitlab_job_token_scope" "this" {
  project         = var.project
  inbound_enabled = var.inbound_enabled

  lifecycle {
    postcondition {
      condition     = self.inbound_enabled || var.may_be_open
      error_message = "Projects are not to be open to the job tokens of all others."
    }
  }
}

output "id" {
  value = gitlab_job_token_scope.this.id
}
