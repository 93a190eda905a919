variable "allowlists" {
  description = "Every project by full path, with all projects and groups that can access it with job tokens."
  type = map(object({
    projects = map(object({
      job_token_policies  = optional(set(string))
      default_permissions = optional(bool)
    }))
    groups = map(object({
      job_token_policies  = optional(set(string))
      default_permissions = optional(bool)
    }))
  }))
}

variable "restricted" {
  description = "Projects to restrict to their allowlists: none at first, then a few, then null for all of them."
  type        = set(string)
  default     = []
}
